package import OrrerySchema
import OrreryStore

/// Lets through the changes of the entities that have all components of a query.
///
/// An entity that comes to have all of them is shown as spawned, with every one of them set; one that loses some is shown until
/// then, and its despawn only if it had them all. For a query of several components a copy of the watched state is kept, since the
/// changes of one tick do not say what else an entity has.
package struct ChangeFilter {
    private let shown: ShownComponents
    /// The state after the changes that were taken; `nil` where every change passes.
    private let store: ComponentStore?

    package init(_ shown: ShownComponents, schemas: [ComponentSchema]) {
        self.shown = shown
        store = shown.areRequired && shown.components.count > 1 ? ComponentStore(schemas: schemas) : nil
    }

    /// Takes what was there when watching began; nothing of it is shown.
    package mutating func begin(with changes: [WatchedChange]) {
        _ = filtered(changes)
    }

    /// Takes the changes of one batch.
    /// - Returns: those to show, in order.
    package mutating func filtered(_ changes: [WatchedChange]) -> [WatchedChange] {
        guard let store else { return changes }
        var matchedBefore: [Entity: Bool] = [:]
        for change in changes where matchedBefore[change.entity] == nil {
            matchedBefore[change.entity] = matches(change.entity, in: store)
        }
        for change in changes { Self.apply(change, to: store) }
        var announced: Set<Entity> = []
        var result: [WatchedChange] = []
        for change in changes {
            let hadAll = matchedBefore[change.entity] ?? false
            switch change.kind {
            case .spawn: break
            case .despawn, .remove:
                if hadAll { result.append(change) }
            case .set where !matches(change.entity, in: store): break
            case .set where hadAll: result.append(change)
            case .set:
                guard announced.insert(change.entity).inserted else { break }
                result.append(WatchedChange(.spawn, change.entity))
                for component in shown.components {
                    let value = store[component.column].value(of: change.entity.index)
                    result.append(WatchedChange(.set, change.entity, component.column, value: value.map { $0[...] }))
                }
            }
        }
        return result
    }

    private func matches(_ entity: Entity, in store: ComponentStore) -> Bool {
        store.contains(entity) && shown.matches(entity.index, in: store)
    }

    private static func apply(_ change: WatchedChange, to store: ComponentStore) {
        switch change.kind {
        case .spawn: store.spawn(change.entity)
        case .despawn: store.despawn(change.entity)
        case .remove:
            if let column = change.column { store[column].remove(change.entity.index, at: store.tick) }
        case .set:
            guard let column = change.column, let value = change.value else { return }
            // An entity that lost all its components is forgotten by the client, and comes back with a value.
            store.spawn(change.entity)
            store[column].set(change.entity.index, to: Array(value), at: store.tick)
        }
    }
}

@available(*, unavailable)
extension ChangeFilter: Sendable {}
