import OrrerySchema
import OrreryStore
package import OrreryWire

/// A subscription as the client's owner states it, in terms that mean the same in every life of the world. (Entities do
/// not.)
package struct SubscriptionRequest: Hashable, Sendable {
    package enum Components: Hashable, Sendable {
        /// Every component, and the existence of entities that have none.
        case all
        case named([String])
    }

    package var entities: Selection.Entities
    package var components: Components

    package init(entities: Selection.Entities = .all, components: Components = .all) {
        self.entities = entities
        self.components = components
    }

    /// The same request, in the numbers of a table.
    /// - Throws: ``Refusal`` if no component is named, or a name is not in the table.
    func resolved(in table: ComponentTable) throws(Refusal) -> Selection {
        switch components {
        case .all: return Selection(entities: entities)
        case .named(let names):
            guard !names.isEmpty else {
                throw Refusal(.unknownComponent, "no component is named")
            }
            var columns: [ColumnID] = []
            for name in names {
                guard let entry = table[name] else {
                    let known = table.entries.map(\.name).sorted().joined(separator: ", ")
                    throw Refusal(.unknownComponent, "the server has no component '\(name)'; it has: \(known)")
                }
                columns.append(entry.column)
            }
            return Selection(entities: entities, components: .some(columns))
        }
    }
}
