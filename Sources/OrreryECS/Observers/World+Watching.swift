public import OrrerySchema

/// The state of a world's watched components.
struct Watching {
    /// The components that are watched, ascending.
    var components: [ComponentID] = []
    var observerCount: UInt64 = 0
    var queue = ObservationQueue()
    /// Rows that are being written, the innermost run last.
    var runs: [WatchedRows] = []
    /// Entities whose end observers know of and that still exist: writes to them are lost with them.
    var ending: Set<Entity> = []
    /// A component whose removal observers know of and that still exists: writes to it are lost with it.
    var removing: (component: ComponentID, entity: Entity)?

    func hasToldEnd(of entity: Entity, _ component: ComponentID) -> Bool {
        if let removing, removing == (component, entity) { return true }
        return !ending.isEmpty && ending.contains(entity)
    }
}

/// Writes of watched components. Other writes skip this: columns and tables store whether their contents are watched.
extension World {
    /// Whether writes of a component are watched.
    func isWriteWatched(_ component: ComponentID) -> Bool { watch(of: component)?.hearsWrites ?? false }

    func watch(of component: ComponentID) -> (any AnyComponentWatch)? {
        storage.pointee.components[component.index].watch
    }

    /// Starts or stops watching the writes of a component.
    func setWatch(_ watch: (any AnyComponentWatch)?, of component: ComponentID) {
        storage.setWatch(watch, of: component)
        watching.components.removeAll { $0 == component }
        if watch != nil {
            watching.components.insert(
                component, at: watching.components.firstIndex { $0 > component } ?? watching.components.endIndex)
        }
        storage.pointee.isWatched = !watching.components.isEmpty
        for plan in plans.values { plan.refreshWatch() }
    }

    /// Notes a step for the observers of a component.
    func note(
        _ kind: ObservedKind, of entity: Entity, _ watch: any AnyComponentWatch, old: UnsafeRawPointer?,
        new: UnsafeRawPointer?
    ) {
        guard !watching.hasToldEnd(of: entity, watch.component) else { return }
        if let old, kind == .removed || kind == .despawned { watch.keepRemoval(kind, entity, old: old) }
        guard watch.hasObservers else { return }
        watch.append(kind, entity, old: old, new: new)
        if let overrun = watching.queue.append(watch) { trap(overrun, watch) }
    }

    /// Notifies observers of all waiting steps, unless a watched value is held for writing or a notification is
    /// running.
    func tellObservers() {
        guard watching.runs.isEmpty, !watching.queue.isTelling, !watching.queue.isEmpty else { return }
        storage.beginBorrow()
        while let watch = watching.queue.next() { watch.tellNext(in: self) }
        storage.endBorrow()
    }

    private func trap(_ overrun: ObservationQueue.Overrun, _ watch: any AnyComponentWatch) -> Never {
        let name = componentName(watch.component)
        switch overrun {
        case .depth:
            fatalError(
                "World: observers of '\(name)' cause each other \(ObservationQueue.depthMax) times deep; "
                    + "does one write the component that it observes?")
        case .count:
            fatalError(
                "World: observers have written more than \(ObservationQueue.causedCountMax) values, of '\(name)' last, "
                    + "that observers are still to be told of; does each cause several others?")
        }
    }

    /// Writes rows of some columns and notifies observers of values that differ: row by row, in the order of the
    /// columns.
    /// - Parameter write: Writes the rows, and marks them.
    func writeWatched(
        _ columns: [(watch: any AnyComponentWatch, values: UnsafeMutableRawPointer)],
        of entities: UnsafePointer<Entity>, count: Int, _ write: () -> Void
    ) {
        let outer = watching.runs.indices
        for (watch, values) in columns {
            let run = WatchedRows(watch, of: entities, values, count: count)
            // Earlier writes are a separate step.
            for other in outer { watching.runs[other].settleRows(sharedWith: run, in: self) }
            watching.runs.append(run)
        }
        write()
        let own = outer.upperBound..<watching.runs.count
        if own.count == 1 {
            watching.runs[own.lowerBound].settle(0..<count, in: self)
        } else {
            for row in 0..<count {
                for run in own { watching.runs[run].settle(row..<row + 1, in: self) }
            }
        }
        for run in own {
            for other in outer { watching.runs[other].forgetRows(sharedWith: watching.runs[run]) }
            watching.runs[run].deallocate()
        }
        watching.runs.removeLast(own.count)
        tellObservers()
    }

    /// Writes one value, and notifies observers if it differs.
    private func writeWatched(
        _ watch: any AnyComponentWatch, of entity: Entity, _ place: Place, _ write: () -> Void
    ) {
        guard watch.hasObservers else {
            write()
            watch.references?.follow(entity, place.address)
            return
        }
        withUnsafePointer(to: entity) { writeWatched([(watch, place.address)], of: $0, count: 1, write) }
    }

    /// Writes one value without notifying observers; the index of a relation is updated nevertheless.
    private func writeUntold(
        _ watch: any AnyComponentWatch, of entity: Entity, _ place: Place, _ write: () -> Void
    ) {
        withUnsafePointer(to: entity) { entity in
            let run = WatchedRows(watch, of: entity, place.address, count: 1)
            for other in watching.runs { other.settleRows(sharedWith: run, in: self) }
            write()
            for other in watching.runs { other.forgetRows(sharedWith: run) }
            run.deallocate()
            watch.references?.follow(entity.pointee, place.address)
        }
    }

    /// Applies what open runs have written of a relation so far.
    func settleRuns(of watch: any AnyComponentWatch) {
        for run in watching.runs where run.watch === watch { run.settle(0..<run.count, in: self) }
    }

    fileprivate func added(_ component: ComponentID, to entity: Entity, _ place: Place) {
        guard let watch = watch(of: component) else { return }
        watch.references?.follow(entity, place.address)
        note(.added, of: entity, watch, old: nil, new: place.address)
    }

    fileprivate func write(
        _ component: ComponentID, of entity: Entity, _ place: Place, isTold: Bool, _ body: () -> Void
    ) {
        guard let watch = watch(of: component) else { return body() }
        if isTold { writeWatched(watch, of: entity, place, body) } else { writeUntold(watch, of: entity, place, body) }
    }

    /// Notifies observers that a component is about to be removed from an entity.
    fileprivate func removing(_ component: ComponentID, from entity: Entity, _ place: Place) {
        guard let watch = watch(of: component) else { return }
        note(.removed, of: entity, watch, old: place.address, new: nil)
        watching.removing = (component, entity)
        tellObservers()
        watching.removing = nil
        watch.references?.unlink(entity.index)
    }

    /// Notifies observers of the components of some new entities, when all of them exist.
    @usableFromInline
    func tellSpawned(_ entities: [Entity]) {
        for entity in entities { spawned(entity) }
        tellObservers()
    }

    /// Notifies observers of the components of a new entity.
    @usableFromInline
    func tellSpawned(_ entity: Entity) {
        spawned(entity)
        tellObservers()
    }

    private func spawned(_ entity: Entity) {
        for component in watching.components {
            guard let place = storage.find(component, of: entity) else { continue }
            added(component, to: entity, place)
        }
    }

    /// Notifies observers of the components of an entity that is about to be despawned.
    func tellDespawning(_ entity: Entity) {
        for component in watching.components {
            guard let watch = watch(of: component), let place = storage.find(component, of: entity) else { continue }
            note(.despawned, of: entity, watch, old: place.address, new: nil)
        }
        watching.ending.insert(entity)
        tellObservers()
    }
}

extension UnsafeMutablePointer<WorldStorage> {
    private var world: World? { pointee.owner?.takeUnretainedValue() }

    fileprivate func find(_ component: ComponentID, of entity: Entity) -> Place? {
        find(component, sparse: sparse(component), of: entity)
    }

    /// Notifies observers of a value of a watched component that an entity has gained.
    @usableFromInline
    func tellAdded(_ component: ComponentID, _ entity: Entity, _ place: Place) {
        world?.added(component, to: entity, place)
        world?.tellObservers()
    }

    /// Notifies observers of a value of a watched component that an entity is about to lose.
    @usableFromInline
    func tellRemoving(_ component: ComponentID, _ entity: Entity, _ place: Place) {
        world?.removing(component, from: entity, place)
    }

    /// Runs a write of one value of a watched component.
    @usableFromInline
    func write(
        _ component: ComponentID, of entity: Entity, _ place: Place, isTold: Bool, _ body: () -> Void
    ) {
        guard let world else { return body() }
        world.write(component, of: entity, place, isTold: isTold, body)
    }
}
