public import OrrerySchema

/// Fewer of a query's entities. Narrowings add up.
extension QueryOf {
    /// The entities among these that have a component too.
    public func with<C: Component>(_ type: C.Type) -> Self {
        guard let component = known(type) else { return matchingNothing }
        return narrowed { Self.insert(component, into: &$0.with) }
    }

    /// The entities among these that do not have a component.
    public func without<C: Component>(_ type: C.Type) -> Self {
        guard let component = known(type) else { return self }
        return narrowed { Self.insert(component, into: &$0.without) }
    }

    /// The entities among these that have at least one of some components.
    public func withAny<A: Component, B: Component, each C: Component>(
        _ first: A.Type, _ second: B.Type, _ rest: repeat (each C).Type
    ) -> Self {
        var group = [known(first), known(second)].compactMap(\.self)
        for type in repeat each rest { known(type).map { group.append($0) } }
        guard !group.isEmpty else { return matchingNothing }
        group.sort()
        return narrowed { if !$0.any.contains(group) { $0.any.append(group) } }
    }

    /// The entities among these whose component was written since the last run of the system that asks, or since a
    /// moment (``since(_:)``).
    ///
    /// Per row: any write counts, whether it changed the value or not, and so does gaining the component. Writes
    /// earlier in the same tick count; the system's own writes in its last run do not. Everything counts in a system's
    /// first run, and outside of systems unless a moment is named.
    ///
    /// From the first time that a query asks for a component in a world, its rows carry the moment of their last write:
    /// 8 bytes each. What was written before then counts as written then.
    public func changed<C: Component>(_ type: C.Type) -> Self {
        narrowed(by: .changed, of: type)
    }

    /// The entities among these that gained a component since the last run of the system that asks, or since a moment
    /// (``since(_:)``).
    ///
    /// Being spawned with it counts; so does losing it and gaining it again. Otherwise as ``changed(_:)``.
    public func added<C: Component>(_ type: C.Type) -> Self {
        narrowed(by: .added, of: type)
    }

    /// The same query, whose ``changed(_:)`` and ``added(_:)`` count from a moment on.
    public func since(_ mark: ChangeMark) -> Self {
        var query = self
        query.mark = mark
        return query
    }

    /// Those of some entities that match, in the order given, each as often as it is named.
    ///
    /// ```swift
    /// movers.only(ship).forEach { position, velocity in position.x += velocity.x }
    /// ```
    public func only(_ entities: Entity...) -> Self { only(entities) }

    /// Those of some entities that match, in the order given, each as often as it is named.
    public func only(_ entities: [Entity]) -> Self {
        requireWhole()
        return selecting(selection.map { old in entities.filter { old.contains($0) } } ?? entities)
    }

    private func selecting(_ entities: [Entity]) -> Self {
        var query = self
        query.selection = entities
        return query
    }

    /// The entities that match now, in the order of a component's values; equal ones in the order of iteration.
    ///
    /// The order is that of this moment: sort anew after values have changed. An entity that matches no more when the
    /// query iterates is left out.
    /// - Complexity: O(n log n) for n entities.
    public func sorted<C: Component>(
        by type: C.Type, _ areInIncreasingOrder: (C, C) throws -> Bool
    ) rethrows -> Self {
        guard mayRead(type, "sorts by"), known(type) != nil else { return selecting([]) }
        let values = world.accessor(type)
        let pairs = entities.compactMap { entity in values[entity].map { (entity, $0) } }
        return selecting(try pairs.sorted { try areInIncreasingOrder($0.1, $1.1) }.map(\.0))
    }

    /// The entities that match now, in the order of their names.
    /// - Complexity: O(n log n) for n entities.
    public func sortedByEntity() -> Self { selecting(entities.sorted()) }

    private func narrowed<C: Component>(by kind: QueryConditions.Change.Kind, of type: C.Type) -> Self {
        guard mayRead(type, "asks for changes of"), let component = known(type) else { return matchingNothing }
        world.keepStamps(kind, of: component)
        return narrowed {
            let change = QueryConditions.Change(component: component, kind: kind)
            if !$0.changes.contains(change) { $0.changes.append(change) }
        }
    }

    private func narrowed(_ change: (inout QueryConditions) -> Void) -> Self {
        requireWhole()
        var query = self
        query.plan = plan.narrowed(change)
        return query
    }

    private func requireWhole() {
        guard part == nil else { fatalError("Query: narrow a query before it is divided, not in a part.") }
    }

    /// Whether the system that asks has said that it reads a component. If not, the world keeps the error: others may
    /// write the component at this moment.
    private func mayRead<C: Component>(_ type: C.Type, _ action: String) -> Bool {
        guard let system, !system.mayRead(type) else { return true }
        world.noteUndeclaredAccess(of: system.timings.name, to: C.componentName, action)
        return false
    }

    /// The number of a component type; `nil` if nobody can have it: while systems run side by side, no type is entered.
    func known<C: Component>(_ type: C.Type) -> ComponentID? { world.registerUnlessShared(type) }

    /// What nothing matches.
    private var matchingNothing: Self {
        narrowed {
            $0.with = [plan.terms[0].component]
            $0.without = $0.with
        }
    }

    private static func insert(_ component: ComponentID, into components: inout [ComponentID]) {
        if !components.contains(component) { components.append(component) }
    }
}
