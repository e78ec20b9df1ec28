internal import OrrerySchema
import Synchronization

/// A world on which several systems run in parallel. The systems do not conflict, so they use different values. The
/// state that they share is prepared here, so that they only read it: the structure, the list of tables of each query,
/// and the list of columns that have marks. Only new query plans are made meanwhile, one at a time.
extension World {
    func share(_ body: () -> Void) {
        guard !storage.pointee.isShared else { return body() }
        refreshPlans()
        storage.pointee.borrowCount += 1
        storage.pointee.isShared = true
        defer {
            storage.pointee.isShared = false
            storage.pointee.borrowCount -= 1
            for (kind, component) in wantedStamps { keepStamps(kind, of: component) }
            wantedStamps.removeAll()
        }
        body()
    }

    /// Puts the columns of a tracked component into the list that the next drain visits, so that marking need not do
    /// it.
    /// - Complexity: O(tables that have it).
    func enlistColumns(of component: ComponentID) {
        guard storage.pointee.components[component.index].isTracked else { return }
        storage.forEachColumn(of: component) { column in
            if !column.pointee.isDirty, column.pointee.table.pointee.rowCount > 0 { column.enlist() }
        }
    }

    /// The number of a component type; `nil` if it has none and cannot get one now.
    func registerUnlessShared<C: Component>(_ type: C.Type) -> ComponentID? {
        guard storage.pointee.isShared else { return register(type) }
        return storage.pointee.types.find(ObjectIdentifier(type)).map(ComponentID.init)
    }

    private func refreshPlans() {
        guard plannedTableCount < storage.pointee.tables.count else { return }
        plannedTableCount = storage.pointee.tables.count
        for plan in plans.values { plan.refreshAll() }
    }

    /// Runs `body`, which looks up plans and makes new ones.
    func planning<Plan>(_ body: () -> Plan) -> Plan {
        guard storage.pointee.isShared else { return body() }
        var made: Plan?
        planLock.withLock { _ in made = body() }
        return made!
    }
}
