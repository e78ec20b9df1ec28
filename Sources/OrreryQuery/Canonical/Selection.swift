package import OrrerySchema
package import OrreryStore

/// What the terms of a query say, in canonical form: who is a member as far as components go, and what is shown.
package struct Selection: Hashable, Sendable {
    /// The components that are shown of a member, as far as it has them.
    package enum Shown: Hashable, Sendable {
        /// All of entities.
        case all
        /// Ascending.
        case listed([ColumnID])
        /// A resource, and nothing of any entity: the query is of the resource instead of entities.
        case resource(ColumnID)
        /// What the server shows of itself, and nothing of the world: the query is of that instead of entities.
        /// Ascending.
        case status([ColumnID])

        /// Whether a component is shown, if an entity has it, or whether the resource is.
        package func contains(_ entry: ComponentTable.Entry) -> Bool {
            switch self {
            case .all: entry.rowKind == .entities
            case .listed(let columns), .status(let columns): columns.contains(entry.column)
            case .resource(let column): column == entry.column
            }
        }

        /// Whether a component of entities, or of what the server shows of itself, is shown.
        func contains(_ column: ColumnID) -> Bool {
            switch self {
            case .all: true
            case .listed(let columns), .status(let columns): columns.contains(column)
            case .resource: false
            }
        }

        /// The shown components of a table.
        package func columns(in table: ComponentTable) -> [ColumnID] {
            table.entries.filter(contains).map(\.column)
        }

        /// What the members of the query are.
        package var rowKind: RowKind {
            switch self {
            case .all, .listed: .entities
            case .resource: .resource
            case .status: .status
            }
        }

        /// The resource that the query is of.
        package var resource: ColumnID? { if case .resource(let column) = self { column } else { nil } }
    }

    /// The only possible members, ascending; `nil`: all entities. An empty list matches nothing.
    package internal(set) var entities: [Entity]?
    /// Of each group, a member has at least one component. Groups and their components ascend, each once.
    package internal(set) var required: [[ColumnID]] = []
    /// A member has none of these. Ascending.
    package internal(set) var excluded: [ColumnID] = []
    package internal(set) var shown = Shown.listed([])

    /// The shown components of a table.
    package func shownColumns(in table: ComponentTable) -> [ColumnID] { shown.columns(in: table) }

    /// Whether every living entity that has a component is a member.
    func asksOnly(for column: ColumnID) -> Bool {
        entities == nil && excluded.isEmpty && required.allSatisfy { $0.contains(column) }
    }

    /// The number of terms, each component of a bar counted.
    var nodeCount: Int {
        let optionalCount =
            switch shown {
            case .all, .resource: 1
            case .listed(let columns), .status(let columns):
                columns.count { column in !required.contains { $0.contains(column) } }
            }
        return required.reduce(0) { $0 + $1.count } + excluded.count + optionalCount + (entities == nil ? 0 : 1)
    }
}
