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
    /// The closure runs at once, on the world's thread: after a value is added or changed, and before a removed or
    /// despawned value is gone. An observation holds the values of its moment.
    ///
    /// The closure may read everything and write values; structural changes go through ``commands``. Observers are
    /// notified of its writes after all observers have been notified of the step that caused them. So each observer
    /// gets all steps, of all components, in the order in which they happened, and a step's old value is the new value
    /// of the entity's previous step. Writes to an entity that is being despawned, or to a component that is being
    /// removed, are lost with it, and no observer is notified. Observers that cause each other 32 times deep are taken
    /// for an endless loop, and trap.
    ///
    /// The writes of a query are compared after at most 1024 visited rows. Observers are notified of the rows that
    /// really differ (by the bytes of their fields, and by `==` if the type has it), row by row, in the order of the
    /// query's terms. They are then also notified of other writes of the query's closure, through the world or an
    /// ``Accessor``. Writes that nobody observes cost nothing.
    ///
    /// A system that writes an observed component does not run in parallel with others.
    /// - Complexity: O(1).
    /// - Precondition: No query is iterating.
    @discardableResult
    public func observe<C: Component>(
        _ type: C.Type, _ body: @escaping (Observation<C>) -> Void
    ) -> ObserverID {
        requireStructureOpen("observe a component")
        let component = register(type)
        let watch = makeWatch(of: type, component)
        watching.observerCount += 1
        watch.addObserver(watching.observerCount, body)
        setWatch(watch, of: component)
        return ObserverID(component: component, number: watching.observerCount)
    }

    /// Ends an observer. Does nothing if it has ended already.
    /// - Precondition: No query is iterating.
    public func endObserver(_ id: ObserverID) {
        requireStructureOpen("end an observer")
        guard let watch = watch(of: id.component) else { return }
        watch.removeObserver(id.number)
        setWatch(watch.isIdle ? nil : watch, of: id.component)
    }

    /// The watch of a component, made on first use; ``setWatch(_:of:)`` makes additions to it take effect.
    func makeWatch<C: Component>(of type: C.Type, _ component: ComponentID) -> ComponentWatch<C> {
        if watch(of: component) == nil {
            let operations = storage.pointee.components[component.index].operations
            setWatch(ComponentWatch<C>(component, operations, references: nil), of: component)
        }
        guard let watch = watch(of: component) as? ComponentWatch<C> else {
            preconditionFailure("a component is watched by its type")
        }
        return watch
    }
}
