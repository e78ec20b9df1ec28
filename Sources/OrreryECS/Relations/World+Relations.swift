public import OrrerySchema

extension World {
    /// The entities that point at `target` by a relation, newest first.
    ///
    /// ```swift
    /// for turret in world.referrers(to: ship, by: Aim.self) { … }
    /// ```
    /// - Complexity: O(referrers).
    public func referrers<R: Relation>(to target: Entity, by relation: R.Type) -> [Entity] {
        guard contains(target) else { return [] }
        return referrers(to: target, by: referenceIndex(relation))
    }

    /// The children of an entity, newest first.
    /// - Complexity: O(children).
    public func children(of parent: Entity) -> [Entity] { referrers(to: parent, by: ChildOf.self) }

    /// The parent of an entity; `nil` if it has no living parent.
    /// - Complexity: O(1).
    public func parent(of child: Entity) -> Entity? {
        self[child, ChildOf.self].flatMap { contains($0.target) ? $0.target : nil }
    }

    /// The parent of an entity, its parent, and so on. In a cycle, each appears once.
    /// - Complexity: O(ancestors).
    public func ancestors(of entity: Entity) -> [Entity] {
        var ancestors: [Entity] = []
        var seen: Set<Entity> = [entity]
        var next = parent(of: entity)
        while let ancestor = next, seen.insert(ancestor).inserted {
            ancestors.append(ancestor)
            next = parent(of: ancestor)
        }
        return ancestors
    }

    /// The children of an entity, their children, and so on, each after its parent. In a cycle, each appears once.
    /// - Complexity: O(descendants).
    public func descendants(of entity: Entity) -> [Entity] {
        // Each entity has one parent, so a cycle that can be reached from here passes through `entity`.
        var descendants = children(of: entity).filter { $0 != entity }
        var position = 0
        while position < descendants.count {
            descendants += children(of: descendants[position]).filter { $0 != entity }
            position += 1
        }
        return descendants
    }

    /// Begins to index a relation, when its component is registered.
    func beginIndex<R: Relation>(_ relation: R.Type, _ component: ComponentID) {
        let index = ReferenceIndex(relation, component: component, in: storage)
        referenceIndexes.append(index)
        let operations = storage.pointee.components[component.index].operations
        setWatch(ComponentWatch<R>(component, operations, references: index), of: component)
    }

    private func referenceIndex<R: Relation>(_ relation: R.Type) -> ReferenceIndex {
        guard let watch = watch(of: register(relation)), let index = watch.references else {
            preconditionFailure("a relation has an index from its registration on")
        }
        settleRuns(of: watch)
        return index
    }

    func referrers(to target: Entity, by index: ReferenceIndex) -> [Entity] {
        var referrers: [Entity] = []
        var next = index.first(to: target)
        while let source = next {
            referrers.append(Entity(index: source, generation: storage.pointee.entities.slots[Int(source)].generation))
            next = index.next(after: source)
        }
        return referrers
    }
}
