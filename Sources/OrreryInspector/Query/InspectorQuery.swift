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
    package static var all: InspectorQuery { InspectorQuery("*", entities: nil) }

    /// A text that nobody has checked.
    package init(_ text: String, entities: [Entity]?) {
        queryText = text
        self.entities = entities
    }

    /// - Throws: ``QueryError`` if the text does not follow the grammar. Names are looked up later, in a server's
    ///   table.
    package init(_ text: String?, entity: Entity? = nil) throws(QueryError) {
        if let text { try Query.checkSyntax(of: text) }
        self.init(text ?? (entity == nil ? "*" : ""), entities: entity.map { [$0] })
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
