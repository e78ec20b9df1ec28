public import OrrerySchema

extension World {
    /// The entities that point at one by a relation, the newest first.
    ///
    /// ```swift
    /// for turret in world.referrers(to: ship, by: Aim.self) { … }
    /// ```
    /// - Complexity: O(those that point at it).
    public func referrers<R: Relation>(to target: Entity, by relation: R.Type) -> [Entity] {
        guard contains(target) else { return [] }
        return referrers(to: target, by: referenceIndex(relation))
    }

    /// The entities whose parent is this one, the newest first.
    /// - Complexity: O(children).
    public func children(of parent: Entity) -> [Entity] { referrers(to: parent, by: ChildOf.self) }

    /// The parent of an entity; `nil` if it has none that lives.
    /// - Complexity: O(1).
    public func parent(of child: Entity) -> Entity? {
        self[child, ChildOf.self].flatMap { contains($0.target) ? $0.target : nil }
    }

    /// The parent of an entity, its parent, and so on. Where they go round in a circle, each once.
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

    /// The children of an entity, their children, and so on; each after its parent. Where they go round in a circle, each once.
    /// - Complexity: O(descendants).
    public func descendants(of entity: Entity) -> [Entity] {
        // Each entity has one parent, so a circle that can be reached from here leads through here.
        var descendants = children(of: entity).filter { $0 != entity }
        var position = 0
        while position < descendants.count {
            descendants += children(of: descendants[position]).filter { $0 != entity }
            position += 1
        }
        return descendants
    }

    /// Begins to keep who points at whom by a relation, when its component becomes known.
    func beginIndex<R: Relation>(_ relation: R.Type, _ component: ComponentID) {
        let index = ReferenceIndex(component: component, whenTargetDespawns: R.whenTargetDespawns)
        referenceIndexes.append(index)
        addObserver(relation, component) { observation in
            index.unlink(observation.entity.index)
            guard let target = observation.new?.target, observation.world.contains(target) else { return }
            index.link(observation.entity.index, to: target)
        }
    }

    /// Ends where an entity points by a relation; does nothing for other components.
    func unlink(_ component: ComponentID, of source: Entity) {
        for index in referenceIndexes where index.component == component { index.unlink(source.index) }
    }

    private func referenceIndex<R: Relation>(_ relation: R.Type) -> ReferenceIndex {
        let component = register(relation)
        guard let index = referenceIndexes.first(where: { $0.component == component }) else {
            preconditionFailure("a relation has an index from its registration on")
        }
        return index
    }

    private func referrers(to target: Entity, by index: ReferenceIndex) -> [Entity] {
        var referrers: [Entity] = []
        var next = index.first(to: target.index)
        while let source = next {
            referrers.append(Entity(index: source, generation: storage.pointee.entities.slots[Int(source)].generation))
            next = index.next(after: source)
        }
        return referrers
    }

    /// Ends what points at an entity that is about to end.
    /// - Returns: the entities that are to end with it.
    func releaseReferrers(of target: Entity) -> [Entity] {
        var ending: [Entity] = []
        for index in referenceIndexes {
            for source in referrers(to: target, by: index) where source != target {
                // An observer may have written where it points.
                guard index.target(of: source.index) == target else { continue }
                index.unlink(source.index)
                switch index.whenTargetDespawns {
                case .despawnsEntity: ending.append(source)
                case .removesRelation: _ = try? remove(index.component, from: source)
                case .isIgnored: break
                }
            }
        }
        for index in referenceIndexes { index.forget(target.index) }
        return ending
    }
}
