public import OrrerySchema

/// What a world keeps of those who hear of writes.
struct Watching {
    /// The components that are watched, ascending.
    var components: [ComponentID] = []
    var observerCount: UInt64 = 0
    var queue = ObservationQueue()
    /// Rows that are being written, the innermost last.
    var runs: [WatchedRows] = []
    /// Entities whose end has been told and that are still there: what is written to them goes with them.
    var ending: Set<Entity> = []
    /// A component whose end has been told and that is still there, likewise.
    var removing: (component: ComponentID, entity: Entity)?

    func hasToldEnd(of entity: Entity, _ component: ComponentID) -> Bool {
        if let removing, removing == (component, entity) { return true }
        return !ending.isEmpty && ending.contains(entity)
    }
}

/// Writes of what is watched. All others pass by: a column and a table say whether somebody hears of what is in them.
extension World {
    /// Whether somebody hears of the writes of a component.
    func isWriteWatched(_ component: ComponentID) -> Bool { watch(of: component)?.hearsWrites ?? false }

    func watch(of component: ComponentID) -> (any AnyComponentWatch)? {
        storage.pointee.components[component.index].watch
    }

    /// Begins or ends that somebody hears of the writes of a component.
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

    /// Tells observers all that waits: when no watched value is held for writing, and nothing is being told already.
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

    /// Writes rows of some columns, and tells of the values that differ then: row by row, in the order of the columns.
    /// - Parameter write: writes the rows, and marks them.
    func writeWatched(
        _ columns: [(watch: any AnyComponentWatch, values: UnsafeMutableRawPointer)],
        of entities: UnsafePointer<Entity>, count: Int, _ write: () -> Void
    ) {
        let outer = watching.runs.indices
        for (watch, values) in columns {
            let run = WatchedRows(watch, of: entities, values, count: count)
            // What was written before is a step of its own.
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

    /// Writes one value, and tells of it if it differs then.
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

    /// Writes one value, and tells nobody; a relation is followed all the same.
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

    /// Takes up what open runs have written of a relation so far.
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

    /// Tells that a component is about to be taken from an entity.
    fileprivate func removing(_ component: ComponentID, from entity: Entity, _ place: Place) {
        guard let watch = watch(of: component) else { return }
        note(.removed, of: entity, watch, old: place.address, new: nil)
        watching.removing = (component, entity)
        tellObservers()
        watching.removing = nil
        watch.references?.unlink(entity.index)
    }

    /// Tells of what some new entities have, when all of them are there.
    @usableFromInline
    func tellSpawned(_ entities: [Entity]) {
        for entity in entities { spawned(entity) }
        tellObservers()
    }

    /// Tells of what a new entity has.
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

    /// Tells of what an entity has that is about to end.
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

    /// Tells of a value of a watched component that an entity has got.
    @usableFromInline
    func tellAdded(_ component: ComponentID, _ entity: Entity, _ place: Place) {
        world?.added(component, to: entity, place)
        world?.tellObservers()
    }

    /// Tells of a value of a watched component that an entity is about to lose.
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
