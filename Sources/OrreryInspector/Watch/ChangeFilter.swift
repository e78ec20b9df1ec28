package import OrrerySchema
package import OrreryStore

/// Passes the changes of the entities that match a query.
///
/// When an entity comes to match, it is shown as entering, with everything that the query shows of it. When it no
/// longer matches, it is shown until then: by the removal of the component that it lacks, or as leaving; its despawn is
/// shown only if it matched. Unless the changes alone tell who matches, the filter keeps a copy of the watched state,
/// because the changes of one tick do not say what else an entity has.
package struct ChangeFilter {
    private let shown: ShownComponents
    /// The state after the changes taken so far; `nil` if every change passes.
    private let store: ComponentStore?

    package init(_ shown: ShownComponents, table: ComponentTable) {
        self.shown = shown
        store = shown.isPlain ? nil : ComponentStore(table)
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
        let ended = Set(told.filter { !$0.cause.isShown && isShown($0) }.map(\.entity))
        var announced: Set<Entity> = []
        var result: [Change] = []
        for change in told {
            switch (matchedBefore[change.entity] ?? false, matches(change.entity, in: store)) {
            case (false, false): continue
            case (true, true):
                let isTold = change.cause.isShown ? change.component != nil : true
                if isTold, isShown(change) { result.append(change) }
            case (false, true):
                guard change.cause.isShown, change.component != nil, announced.insert(change.entity).inserted
                else { continue }
                result.append(Change(.entered, change.entity))
                for component in shown.components {
                    guard let value = store[component.column].value(of: change.entity.index) else { continue }
                    result.append(
                        Change(
                            .set, change.entity, component: component.schema.name, schema: component.schema,
                            new: value[...]))
                }
            case (true, false):
                if !change.cause.isShown, isShown(change) {
                    result.append(change)
                } else if !ended.contains(change.entity), announced.insert(change.entity).inserted {
                    result.append(Change(.left, change.entity))
                }
            }
        }
        return result
    }

    /// Whether the query shows what a change is about.
    private func isShown(_ change: Change) -> Bool { change.component.map(shown.shows) ?? true }

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
        shown.matches(entity, in: store)
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
