package import OrrerySchema
package import OrreryStore

/// What the terms of a query say, in canonical form: who is a member as far as components go, and what is shown.
package struct Selection: Hashable, Sendable {
    /// The components that are shown of a member, as far as it has them.
    package enum Shown: Hashable, Sendable {
        /// All but resources.
        case all
        /// Ascending.
        case listed([ColumnID])

        /// The shown components of a table.
        package func columns(in table: ComponentTable) -> [ColumnID] {
            switch self {
            case .all: table.entries.filter { !$0.isResource }.map(\.column)
            case .listed(let columns): columns
            }
        }
    }

    /// The resource that the query is of, instead of entities.
    package internal(set) var resource: ColumnID?
    /// The only possible members, ascending; `nil`: all entities. An empty list matches nothing.
    package internal(set) var entities: [Entity]?
    /// Of each group, a member has at least one component. Groups and their components ascend, each once.
    package internal(set) var required: [[ColumnID]] = []
    /// A member has none of these. Ascending.
    package internal(set) var excluded: [ColumnID] = []
    package internal(set) var shown = Shown.listed([])

    /// Whether a component is shown, if an entity has it.
    package func shows(_ entry: ComponentTable.Entry) -> Bool {
        switch shown {
        case .all: !entry.isResource
        case .listed(let columns): columns.contains(entry.column)
        }
    }

    /// The shown components of a table.
    package func shownColumns(in table: ComponentTable) -> [ColumnID] { shown.columns(in: table) }

    /// The number of terms, each component of a bar counted.
    var nodeCount: Int {
        let optionalCount =
            switch shown {
            case .all: 1
            case .listed(let columns): columns.count { column in !required.contains { $0.contains(column) } }
            }
        return required.reduce(0) { $0 + $1.count } + excluded.count + optionalCount + (entities == nil ? 0 : 1)
    }
}
