package import OrrerySchema
package import OrreryStore

/// Passes the changes of the entities that have all components of a query.
///
/// When an entity comes to have all of them, it is shown as entering, with every one of them set. When it loses one, it
/// is shown until then; its despawn is shown only if it had all of them. For a query of several components, the filter
/// keeps a copy of the watched state, because the changes of one tick do not say what else an entity has.
package struct ChangeFilter {
    private let shown: ShownComponents
    /// The state after the changes taken so far; `nil` if every change passes.
    private let store: ComponentStore?

    package init(_ shown: ShownComponents, table: ComponentTable) {
        self.shown = shown
        store = shown.areRequired && shown.components.count > 1 ? ComponentStore(table) : nil
    }

    /// Takes the state at the beginning of the watch; none of it is shown.
    package mutating func begin(with changes: [Change]) {
        _ = filtered(changes)
    }

    /// Takes the changes of one batch.
    /// - Returns: The changes to show, in order. If an entity goes away, only its own change.
    package mutating func filtered(_ changes: [Change]) -> [Change] {
        let told = Self.withoutCellsOfTheGone(changes)
        guard let store else { return told }
        var matchedBefore: [Entity: Bool] = [:]
        for change in told where matchedBefore[change.entity] == nil {
            matchedBefore[change.entity] = matches(change.entity, in: store)
        }
        for change in told { Self.apply(change, to: store) }
        var announced: Set<Entity> = []
        var result: [Change] = []
        for change in told {
            let hadAll = matchedBefore[change.entity] ?? false
            if !change.cause.isShown {
                if hadAll { result.append(change) }
                continue
            }
            guard change.component != nil, matches(change.entity, in: store) else { continue }
            if hadAll {
                result.append(change)
            } else if announced.insert(change.entity).inserted {
                result.append(Change(.entered, change.entity))
                for component in shown.components {
                    let value = store[component.column].value(of: change.entity.index)
                    result.append(
                        Change(
                            .set, change.entity, component: component.schema.name, schema: component.schema,
                            new: value.map { $0[...] }))
                }
            }
        }
        return result
    }

    /// Removes the component changes of entities that go away, so that only the change of the entity is shown.
    private static func withoutCellsOfTheGone(_ changes: [Change]) -> [Change] {
        var gone: Set<Entity> = []
        let told = changes.reversed().filter { change in
            guard change.component == nil else {
                return change.cause.isShown || change.cause == .removed || !gone.contains(change.entity)
            }
            if change.cause.isShown { gone.remove(change.entity) } else { gone.insert(change.entity) }
            return true
        }
        return told.reversed()
    }

    private func matches(_ entity: Entity, in store: ComponentStore) -> Bool {
        store.contains(entity) && shown.matches(entity.index, in: store)
    }

    private static func apply(_ change: Change, to store: ComponentStore) {
        guard let component = change.component else {
            if change.cause.isShown { store.spawn(change.entity) } else { store.despawn(change.entity) }
            return
        }
        guard let column = store.table[component]?.column else { return }
        if let value = change.new {
            // The client forgets an entity that lost all its components; it comes back with its next value.
            store.spawn(change.entity)
            store[column].set(change.entity.index, to: Array(value), at: store.tick)
        } else {
            store[column].remove(change.entity.index, at: store.tick)
        }
    }
}

@available(*, unavailable)
extension ChangeFilter: Sendable {}
