import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTesting

/// What the server showed at each tick of each of its lives, to each class of clients.
final class History {
    private struct Moment {
        var contents: Contents
        var groups: [Entity: VisibilityGroups]
    }

    /// By the epoch of the server's life.
    private var moments: [Revision: Moment] = [:]
    /// By the epoch that clients are told.
    private var classes: [Epoch: (life: Epoch, visibility: Visibility, client: ClientID?)] = [:]
    /// The newest of those that were asked for.
    private var stores: [Revision: ComponentStore] = [:]

    /// Keeps what the server shows now.
    func remember(_ joined: JoinedWorld) {
        moments[joined.revision] = Moment(contents: joined.contents, groups: joined.groups)
        rememberClasses(of: joined)
    }

    /// Keeps whom the server serves now.
    func rememberClasses(of joined: JoinedWorld) {
        for (epoch, visibility, client) in joined.classes {
            classes[epoch] = (joined.revision.epoch, visibility, client)
        }
    }

    /// The epoch of the server's life, in which a client is told another one; 0 for one that never was.
    func life(of epoch: Epoch) -> Epoch { classes[epoch]?.life ?? Epoch(0) }

    /// What the server showed to the clients that are told this epoch.
    subscript(revision: Revision) -> Contents? {
        guard let (life, visibility, client) = classes[revision.epoch],
            let moment = moments[Revision(epoch: life, tick: revision.tick)]
        else { return nil }
        guard visibility != .everything else { return moment.contents }
        func sees(_ entity: Entity) -> Bool {
            guard let values = moment.contents.entities[entity] else { return false }
            if let bytes = values["Owner"] {
                let isAtEdge = values["Position"]?.starts(with: Owner.edge) ?? false
                guard let client, Owner(bytes)?.isShown(to: client, isAtEdge: isAtEdge) ?? false else { return false }
            }
            guard let groups = moment.groups[entity], let seen = visibility.groups else { return true }
            return !groups.isDisjoint(with: seen)
        }
        return moment.contents.filtered { entity, component in
            guard let component else { return entity.statusRow == nil && sees(entity) }
            return sees(entity)
                && visibility.components?.contains(component) ?? !component.hasPrefix(StatusTable.namePrefix)
        }.mapped { component, value in
            guard let offset = Self.entityOffsets[component], value.count >= offset + 8,
                let field = try? DynamicValue(decoding: Array(value[offset..<offset + 8]), as: .entity),
                case .entity(let entity) = field, !sees(entity), let none = try? Self.none.encoded(as: .entity)
            else { return value }
            return value[..<offset] + none + value[(offset + 8)...]
        }
    }

    /// Where a component names an entity.
    private static let entityOffsets = ["Target": 0, "Weather": 4]
    private static let none = DynamicValue.entity(.none)

    /// A store with what the server showed, in which queries can be evaluated.
    func store(at revision: Revision, _ table: ComponentTable) -> ComponentStore {
        if let store = stores[revision] { return store }
        if stores.count > 8 { stores.removeAll() }
        let store = ComponentStore(table)
        store.advance(to: revision.tick)
        for (entity, values) in self[revision]?.entities ?? [:] {
            if entity != .none, entity.statusRow == nil { store.spawn(entity) }
            for entry in table.entries {
                guard let value = values[entry.name], let row = store.row(of: entity, in: store[entry.column]) else {
                    continue
                }
                store[entry.column].set(row, to: value, at: store.tick)
            }
        }
        stores[revision] = store
        return store
    }
}
