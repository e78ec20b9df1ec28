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
    /// The closure runs on the world's thread, at once: after what is added or changed, before what is removed or
    /// despawned is gone. An observation holds the values of its moment.
    ///
    /// It may read everything and write values; structural changes go through ``commands``. What it writes is told when
    /// all observers have been told of what led to it: so each observer is told all steps, of all components, in the
    /// order in which they happened, and the old value of an entity's step is the new value of the one before. What it
    /// writes to an entity that ends, or to a component that is being removed, goes with it and is told to nobody.
    /// Observers that cause each other 32 times deep are taken for an endless loop, and trap.
    ///
    /// What a query writes is compared when up to 1024 rows have been visited, and told for the rows that really differ
    /// (by the bytes of their fields, and by `==` where the type has it), row by row, in the order of the query's
    /// terms. What its closure writes besides, through the world or an ``Accessor``, is told then, too. Writes that
    /// nobody observes cost nothing.
    ///
    /// A system that writes an observed component does not run side by side with others.
    /// - Complexity: O(1).
    /// - Precondition: No query iterates.
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
    /// - Precondition: No query iterates.
    public func endObserver(_ id: ObserverID) {
        requireStructureOpen("end an observer")
        guard let watch = watch(of: id.component) else { return }
        watch.removeObserver(id.number)
        setWatch(watch.isIdle ? nil : watch, of: id.component)
    }

    /// Who hears of a component, made on first use; ``setWatch(_:of:)`` makes what was added to it known.
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
