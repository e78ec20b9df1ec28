package import OrrerySchema
package import OrreryStore

/// Why a query cannot be used, and what to write instead.
package struct QueryError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// The text is not a query.
        case syntax
        /// The server has no such component.
        case unknownComponent
    }

    package var code: Code
    package var message: String
    package var description: String { message }
}

/// The requested components as a person writes them: `Position, Body`, or all if the text is empty.
package struct InspectorQuery: Hashable, Sendable {
    /// Each name once, in the order written; `nil` for all.
    package let names: [String]?

    /// All components, and all entities regardless of their components.
    package static var all: InspectorQuery { InspectorQuery(names: nil) }

    private init(names: [String]?) {
        self.names = names
    }

    /// Parses names separated by commas.
    /// - Throws: ``QueryError`` of code `syntax` if a name is missing.
    package init(parsing text: String) throws(QueryError) {
        var names: [String] = []
        for name in ComponentNames.split(text) {
            guard !name.isEmpty else {
                throw QueryError(
                    code: .syntax,
                    message: "'\(text)' is no query; write component names between commas: \"Position, Body\"")
            }
            if !names.contains(name) { names.append(name) }
        }
        self.names = names
    }

    /// The requested components among those of a server.
    /// - Throws: ``QueryError`` of code `unknownComponent`, which lists the available names.
    package func resolved(in table: ComponentTable) throws(QueryError) -> ShownComponents {
        guard let names else {
            return ShownComponents(table.entries.compactMap(ShownComponent.init), areRequired: false)
        }
        var components: [ShownComponent] = []
        for name in names {
            guard let entry = table[name] else {
                throw QueryError(
                    code: .unknownComponent, message: Self.refusal(of: name, table.entries.map(\.name)))
            }
            guard let component = ShownComponent(entry) else {
                throw QueryError(
                    code: .unknownComponent,
                    message: "'\(name)' cannot be read: \(entry.problem ?? "it has no schema")")
            }
            components.append(component)
        }
        return ShownComponents(components.sorted { $0.column < $1.column }, areRequired: true)
    }

    private static func refusal(of name: String, _ known: [String]) -> String {
        guard !known.isEmpty else { return "the server has no component '\(name)'; it shows none at all" }
        let list = known.sorted().joined(separator: ", ")
        let similar = known.first { $0.lowercased() == name.lowercased() }
        let question = similar.map { " (did you mean '\($0)'?)" } ?? ""
        return "the server has no component '\(name)'\(question); it has: \(list)"
    }
}

/// The components of one answer, in the server's order.
package struct ShownComponents: Sendable {
    package let components: [ShownComponent]
    /// Whether entities are shown only if they have all of them.
    package let areRequired: Bool

    init(_ components: [ShownComponent], areRequired: Bool) {
        self.components = components
        self.areRequired = areRequired
    }

    /// The components to subscribe to; `nil` for all.
    package var names: [String]? { areRequired ? components.map(\.schema.name) : nil }

    /// The entities to show, ascending.
    /// - Parameter only: The only entity to show, if one was requested.
    /// - Complexity: O(entities that have the rarest component) x O(components).
    package func entities(in store: ComponentStore, only entity: Entity? = nil) -> [Entity] {
        if let entity { return store.contains(entity) && matches(entity.index, in: store) ? [entity] : [] }
        let columns = areRequired ? components.map { store[$0.column] } : []
        let rarest = columns.min { $0.count < $1.count } ?? store.entities
        var entities: [Entity] = []
        entities.reserveCapacity(rarest.count)
        rarest.rows.forEach { row in
            guard matches(row, in: store), let entity = store.entity(at: row) else { return }
            entities.append(entity)
        }
        return entities
    }

    /// Whether an entity is one of those requested.
    func matches(_ row: UInt32, in store: ComponentStore) -> Bool {
        !areRequired || components.allSatisfy { store[$0.column].contains(row) }
    }

    /// The components that at least one entity has; all if there are none, or if components were requested by name.
    package func present(in store: ComponentStore) -> [ShownComponent] {
        guard !areRequired else { return components }
        let present = components.filter { store[$0.column].count > 0 }
        return present.isEmpty ? components : present
    }
}
