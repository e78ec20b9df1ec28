package import OrreryClient
package import OrreryQuery
package import OrrerySchema
package import OrreryStore

/// What to show, as a person writes it: a text of the query language, entities, both, or everything.
package struct InspectorQuery: Hashable, Sendable {
    /// The text to send to the server.
    package let queryText: String
    /// The list of entities to send beside the text: the only ones to show; `nil` for all.
    package let entities: [Entity]?

    /// All components, and all entities regardless of their components.
    package static var all: InspectorQuery { InspectorQuery("*", checked: nil) }

    /// A text that nobody has checked, or whose faults the server tells.
    package init(_ text: String, checked entities: [Entity]?) {
        queryText = text
        self.entities = entities
    }

    /// - Parameters:
    ///   - sort: The keys of an order, as after `order by`.
    ///   - limit: How many entities to show at most. A resource is shown whatever it is.
    /// - Throws: ``OptionError`` if the text or the order does not follow the grammar, or if the text has an order or
    ///   limit of its own. Names are looked up later, in a server's table.
    package init(
        _ text: String?, entities: [Entity]? = nil, sort: String? = nil, limit: Int? = nil
    ) throws(OptionError) {
        var text = text ?? (entities == nil ? "*" : "")
        let outline = try OptionError.naming("--query") { () throws(QueryError) in
            try Query.outline(of: text, hasEntities: entities != nil)
        }
        if let sort {
            guard !outline.hasOrder, !outline.isResource, outline.window == nil else {
                throw OptionError(
                    "--sort: "
                        + (outline.isResource
                            ? "a resource has no order"
                            : "the query has an order or a limit already; write order by in it"))
            }
            let before = "* order by "
            do throws(QueryError) {
                try Query.checkSyntax(of: before + sort)
            } catch {
                var error = error
                error.column = max(1, error.column - before.unicodeScalars.count)
                throw OptionError("--sort: \(error)")
            }
            text += " order by \(sort)"
        }
        if let limit, !outline.isResource {
            guard outline.window == nil else {
                throw OptionError("--limit: the query has a limit or a count already")
            }
            text += " limit \(limit)"
        }
        self.init(text, checked: entities)
    }

    /// The query for the components of a server.
    /// - Throws: ``QueryError`` for names and types that do not fit.
    package func resolved(in table: ComponentTable) throws(QueryError) -> ShownComponents {
        try ShownComponents(Query(queryText, entities: entities, in: table).selection.shown, in: table)
    }

    /// Whether it asks for nobody, but how many match.
    /// - Throws: ``QueryError`` if it is no query of this table.
    package func asksOnlyForCount(in table: ComponentTable) throws(QueryError) -> Bool {
        try Query(queryText, entities: entities, in: table).window == .nobody
    }

    /// The same query, to be asked once.
    package func oneShot(atLeast tick: Tick, explains: Bool) -> OneShotQuery {
        OneShotQuery(QueryRequest(queryText, entities: entities), atLeast: tick, explains: explains)
    }
}

/// What is wrong with an option of a tool, which the message names.
package struct OptionError: Error, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }

    /// Names the option whose text is no query.
    fileprivate static func naming<R>(
        _ option: String, _ body: () throws(QueryError) -> R
    ) throws(OptionError) -> R {
        do throws(QueryError) {
            return try body()
        } catch {
            throw OptionError("\(option): \(error)")
        }
    }
}

/// The components that a query shows, in the server's order.
package struct ShownComponents: Sendable {
    package let components: [ShownComponent]
    /// Whether all are shown.
    private let showsAll: Bool

    /// - Throws: ``QueryError`` if a component is shown by name that cannot be read.
    package init(_ shown: Selection.Shown, in table: ComponentTable) throws(QueryError) {
        showsAll = shown == .all
        let shown = shown.columns(in: table)
        if !showsAll, let entry = shown.lazy.compactMap({ table[$0] }).first(where: { $0.schema == nil }) {
            throw QueryError(
                .unknownComponent, column: 1,
                expected: "components that can be read; '\(entry.name)' cannot: \(entry.problem ?? "it has no schema")")
        }
        components = shown.compactMap { table[$0].flatMap(ShownComponent.init) }
    }

    /// The components that at least one entity has; all if there are none, or if components were requested by name.
    package func present(in store: ComponentStore) -> [ShownComponent] {
        guard showsAll else { return components }
        let present = components.filter { store[$0.column].count > 0 }
        return present.isEmpty ? components : present
    }
}
