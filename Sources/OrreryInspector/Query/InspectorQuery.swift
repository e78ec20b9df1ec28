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
    /// - Throws: ``QueryError`` for names and types that do not fit.
    package func resolved(in table: ComponentTable) throws(QueryError) -> ShownComponents {
        try ShownComponents(Query(queryText, entities: entities, in: table), in: table)
    }

    /// The text to send to the server.
    package var queryText: String { text ?? (entity == nil ? "*" : "") }

    /// The list of entities to send beside the text.
    package var entities: [Entity]? { entity.map { [$0] } }
}

/// The components that a query shows, in the server's order.
package struct ShownComponents: Sendable {
    package let components: [ShownComponent]
    /// Whether all are shown.
    private let showsAll: Bool

    init(_ query: Query, in table: ComponentTable) throws(QueryError) {
        showsAll = query.selection.shown == .all
        let shown = query.selection.shownColumns(in: table)
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
