public import OrrerySchema

/// Methods that narrow a query to fewer entities. All conditions apply together.
extension QueryOf {
    /// Narrows the query to entities that also have a component.
    public func with<C: Component>(_ type: C.Type) -> Self {
        guard let component = known(type) else { return matchingNothing }
        return narrowed { Self.insert(component, into: &$0.with) }
    }

    /// Narrows the query to entities that do not have a component.
    public func without<C: Component>(_ type: C.Type) -> Self {
        guard let component = known(type) else { return self }
        return narrowed { Self.insert(component, into: &$0.without) }
    }

    /// Narrows the query to entities that have at least one of the given components.
    public func withAny<A: Component, B: Component, each C: Component>(
        _ first: A.Type, _ second: B.Type, _ rest: repeat (each C).Type
    ) -> Self {
        var group = [known(first), known(second)].compactMap(\.self)
        for type in repeat each rest { known(type).map { group.append($0) } }
        guard !group.isEmpty else { return matchingNothing }
        group.sort()
        return narrowed { if !$0.any.contains(group) { $0.any.append(group) } }
    }

    /// Narrows the query to entities whose component was written since the querying system's last run, or since a mark
    /// (``since(_:)``).
    ///
    /// Changes are tracked per row: any write counts, whether it changed the value or not, and so does gaining the
    /// component. Writes earlier in the same tick count; the system's own writes in its last run do not. Every row
    /// counts in a system's first run, and outside systems unless a mark is given.
    ///
    /// From the first such query for a component in a world, each of the component's rows stores the time of its last
    /// write: 8 bytes per row. Earlier writes count as made at the first such query.
    public func changed<C: Component>(_ type: C.Type) -> Self {
        narrowed(by: .changed, of: type)
    }

    /// Narrows the query to entities that gained a component since the querying system's last run, or since a mark
    /// (``since(_:)``).
    ///
    /// Being spawned with the component counts; so does losing and regaining it. Otherwise as ``changed(_:)``.
    public func added<C: Component>(_ type: C.Type) -> Self {
        narrowed(by: .added, of: type)
    }

    /// The same query, whose ``changed(_:)`` and ``added(_:)`` count from a mark on.
    public func since(_ mark: ChangeMark) -> Self {
        var query = self
        query.mark = mark
        return query
    }

    /// Narrows the query to the given entities that match, in the given order; one listed twice is visited twice.
    ///
    /// ```swift
    /// movers.only(ship).forEach { position, velocity in position.x += velocity.x }
    /// ```
    public func only(_ entities: Entity...) -> Self { only(entities) }

    /// Narrows the query to the given entities that match, in the given order; one listed twice is visited twice.
    public func only(_ entities: [Entity]) -> Self {
        requireWhole()
        return selecting(selection.map { old in entities.filter { old.contains($0) } } ?? entities)
    }

    private func selecting(_ entities: [Entity]) -> Self {
        var query = self
        query.selection = entities
        return query
    }

    /// Sorts the entities that match now by a component's values; equal ones keep the order of iteration.
    ///
    /// The order is fixed at this call: sort again after values have changed. When the query iterates, it skips
    /// entities that no longer match.
    /// - Complexity: O(n log n) for n entities.
    public func sorted<C: Component>(
        by type: C.Type, _ areInIncreasingOrder: (C, C) throws -> Bool
    ) rethrows -> Self {
        guard mayRead(type, "sorts by"), known(type) != nil else { return selecting([]) }
        let values = world.accessor(type)
        let pairs = entities.compactMap { entity in values[entity].map { (entity, $0) } }
        return selecting(try pairs.sorted { try areInIncreasingOrder($0.1, $1.1) }.map(\.0))
    }

    /// Sorts the entities that match now by index, then by generation.
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

    /// Whether the querying system has declared that it reads a component. If not, the world records the error: other
    /// systems may be writing the component at this moment.
    private func mayRead<C: Component>(_ type: C.Type, _ action: String) -> Bool {
        guard let system, !system.mayRead(type) else { return true }
        world.noteUndeclaredAccess(of: system.timings.name, to: C.componentName, action)
        return false
    }

    /// The number of a component type; `nil` if no entity can have it: no type is registered while systems run in
    /// parallel.
    func known<C: Component>(_ type: C.Type) -> ComponentID? { world.registerUnlessShared(type) }

    /// A query that matches nothing.
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
