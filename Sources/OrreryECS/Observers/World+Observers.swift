public import OrrerySchema

extension World {
    /// Calls a closure whenever a component of any entity is added, changed, removed, or ends with its entity.
    ///
    /// ```swift
    /// world.observe(Health.self) { observation in
    ///     guard observation.kind == .changed, let health = observation.new, health.current <= 0 else { return }
    ///     observation.world.commands.despawn(observation.entity)
    /// }
    /// ```
    /// The closure runs on the world's thread, at once: after what is added or changed, before what is removed or despawned is gone. What a
    /// query writes is compared chunk by chunk, and told for the rows that really differ (by `==`, or by bytes for a type without it).
    /// It may read everything and write values; structural changes go through ``commands``. Writes that nobody observes cost nothing.
    ///
    /// A system that writes an observed component does not run side by side with others.
    /// - Complexity: O(1).
    /// - Precondition: No query iterates.
    @discardableResult
    public func observe<C: Component>(
        _ type: C.Type, _ body: @escaping (Observation<C>) -> Void
    ) -> ObserverID {
        requireStructureOpen("observe a component")
        return addObserver(type, register(type), body)
    }

    @discardableResult
    func addObserver<C: Component>(
        _ type: C.Type, _ component: ComponentID, _ body: @escaping (Observation<C>) -> Void
    ) -> ObserverID {
        storage.pointee.components[component.index].isWatched = true
        storage.pointee.isWatched = true
        return observers.add(component, type) { world, raw in
            body(
                Observation(
                    kind: Observation<C>.Kind(raw.kind), entity: raw.entity,
                    old: raw.old?.assumingMemoryBound(to: C.self).pointee,
                    new: raw.new?.assumingMemoryBound(to: C.self).pointee, world: world))
        }
    }

    /// Ends an observer. Does nothing if it has ended already.
    /// - Precondition: No query iterates.
    public func endObserver(_ id: ObserverID) {
        requireStructureOpen("end an observer")
        guard observers.remove(id) else { return }
        storage.pointee.components[id.component.index].isWatched = false
        storage.pointee.isWatched = !observers.entries.isEmpty
    }

    /// Whether somebody observes a component.
    func isWatched(_ component: ComponentID) -> Bool { storage.isWatched(component) }

    /// Tells the observers of a component.
    func notify(_ component: ComponentID, _ observation: ObserverTable.RawObservation) {
        guard let observers = observers.entries[component]?.observers else { return }
        guard self.observers.depth < ObserverTable.depthMax else {
            fatalError(
                "World: observers of '\(componentName(component))' cause each other \(ObserverTable.depthMax) times deep; "
                    + "does one write the component that it observes?")
        }
        self.observers.depth += 1
        storage.beginBorrow()
        for observer in observers { observer.notify(self, observation) }
        // One of them may have written a relation that is about to go.
        if observation.new == nil { unlink(component, of: observation.entity) }
        storage.endBorrow()
        self.observers.depth -= 1
    }

    /// An entity got components with its spawning.
    @usableFromInline
    func notifySpawned(_ entity: Entity) { notifyAll(of: entity, .added) }

    /// An entity is about to end.
    func notifyDespawning(_ entity: Entity) { notifyAll(of: entity, .despawned) }

    private func notifyAll(of entity: Entity, _ kind: ObserverTable.RawObservation.Kind) {
        for component in observers.components {
            guard let place = storage.find(component, sparse: storage.sparse(component), of: entity) else { continue }
            storage.notify(kind, component, entity, place)
        }
    }

    /// Runs a loop over rows of some columns, and tells of the values that differ then, column by column.
    func observingChanges(
        _ columns: ArraySlice<(component: ComponentID, values: UnsafeMutableRawPointer)>,
        of entities: UnsafePointer<Entity>, count: Int, _ loop: () -> Void
    ) {
        guard let (component, values) = columns.first else { return loop() }
        let operations = storage.pointee.components[component.index].operations
        let stride = operations.stride
        let old = UnsafeMutableRawPointer.allocate(byteCount: max(1, stride * count), alignment: 64)
        for row in 0..<count { operations.copyInitialize(old + row * stride, values + row * stride) }
        defer {
            operations.deinitialize(old, count)
            old.deallocate()
        }
        observingChanges(columns.dropFirst(), of: entities, count: count, loop)
        guard let areEqual = observers.entries[component]?.areEqual else { return }
        for row in 0..<count where !areEqual(old + row * stride, values + row * stride) {
            notify(
                component,
                .init(
                    kind: .changed, entity: entities[row], old: UnsafeRawPointer(old + row * stride),
                    new: UnsafeRawPointer(values + row * stride)))
        }
    }
}

extension UnsafeMutablePointer<WorldStorage> {
    @usableFromInline
    func isWatched(_ component: ComponentID) -> Bool { pointee.components[component.index].isWatched }

    /// Tells of one value that was added, or is about to be removed.
    @usableFromInline
    func notify(
        _ kind: ObserverTable.RawObservation.Kind, _ component: ComponentID, _ entity: Entity, _ place: Place
    ) {
        guard isWatched(component), let world = pointee.owner?.takeUnretainedValue() else { return }
        let value = UnsafeRawPointer(place.address)
        world.notify(
            component,
            .init(
                kind: kind, entity: entity, old: kind == .added ? nil : value, new: kind == .added ? value : nil))
    }

    /// Runs a write of one value that is observed, and tells of it if the value differs then.
    @usableFromInline
    func observingChange<Result>(
        _ component: ComponentID, of entity: Entity, _ place: Place, _ write: () -> Result
    ) -> Result {
        var result: Result?
        pointee.owner?.takeUnretainedValue().observingChanges(
            [(component, place.address)], of: [entity], count: 1
        ) { result = write() }
        guard let result else { preconditionFailure("a world lives as long as its storage") }
        return result
    }
}

extension Observation.Kind {
    init(_ raw: ObserverTable.RawObservation.Kind) {
        switch raw {
        case .added: self = .added
        case .changed: self = .changed
        case .removed: self = .removed
        case .despawned: self = .despawned
        }
    }
}
