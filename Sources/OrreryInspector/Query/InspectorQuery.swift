package import OrreryQuery
package import OrrerySchema
package import OrreryStore

/// What to show, as a person writes it: a text of the query language, an entity, both, or everything.
package struct InspectorQuery: Hashable, Sendable {
    /// `nil` for all components.
    private let text: String?
    /// The only entity to show; `nil` for all.
    private let entity: Entity?

    /// All components, and all entities regardless of their components.
    package static var all: InspectorQuery { InspectorQuery(text: nil, entity: nil) }

    private init(text: String?, entity: Entity?) {
        self.text = text
        self.entity = entity
    }

    /// - Throws: ``QueryError`` if the text does not follow the grammar. Names are looked up later, in a server's
    ///   table.
    package init(_ text: String?, entity: Entity? = nil) throws(QueryError) {
        if let text { try Query.checkSyntax(of: text) }
        self.init(text: text, entity: entity)
    }

    /// The query for the components of a server.
    /// - Throws: ``QueryError``, which lists the server's components if one is unknown.
    package func resolved(in table: ComponentTable) throws(QueryError) -> ShownComponents {
        do throws(QueryError) {
            let query = try Query(text ?? "*", entities: entity.map { [$0] }, in: table)
            return try ShownComponents(query, in: table)
        } catch {
            guard error.kind == .unknownComponent, error.expected == "a component" else { throw error }
            var error = error
            let names = table.entries.map(\.name).sorted().joined(separator: ", ")
            error.expected = names.isEmpty ? "none: the server shows no component" : "one of \(names)"
            throw error
        }
    }
}

/// The entities and components of one answer. Components are in the server's order.
package struct ShownComponents: Sendable {
    package let components: [ShownComponent]
    /// The components to subscribe to, those that only a condition reads included; `nil` for all.
    package let names: [String]?
    /// The only entities to subscribe to; `nil` for all.
    package var onlyEntities: [Entity]? { query.selection.entities }
    private let query: Query

    init(_ query: Query, in table: ComponentTable) throws(QueryError) {
        self.query = query
        let shown = query.selection.shownColumns(in: table)
        let showsAll = query.selection.shown == .all
        if !showsAll, let entry = shown.lazy.compactMap({ table[$0] }).first(where: { $0.schema == nil }) {
            throw QueryError(
                .unknownComponent, column: 1,
                expected: "components that can be read; '\(entry.name)' cannot: \(entry.problem ?? "it has no schema")")
        }
        components = shown.compactMap { table[$0].flatMap(ShownComponent.init) }
        let read = Set(shown + query.membershipColumns).sorted()
        names = showsAll || read.isEmpty ? nil : read.compactMap { table[$0]?.name }
    }

    /// The entities to show, ascending.
    /// - Precondition: The store has the table that the query was resolved in.
    /// - Complexity: O(entities x nodes of the query).
    package func entities(in store: ComponentStore) -> [Entity] {
        var entities: [Entity] = []
        query.members(of: store).forEach { row in
            if let entity = store.entity(at: row) { entities.append(entity) }
        }
        return entities
    }

    /// Whether an entity is one of those requested.
    func matches(_ entity: Entity, in store: ComponentStore) -> Bool { query.isMember(entity, of: store) }

    /// Whether a component is shown.
    func shows(_ component: String) -> Bool {
        query.selection.shown == .all || components.contains { $0.schema.name == component }
    }

    /// Whether the changes of what is subscribed to tell who is shown.
    var isPlain: Bool { query.isPlain }

    /// The components that at least one entity has; all if there are none, or if components were requested by name.
    package func present(in store: ComponentStore) -> [ShownComponent] {
        guard query.selection.shown == .all else { return components }
        let present = components.filter { store[$0.column].count > 0 }
        return present.isEmpty ? components : present
    }
}
