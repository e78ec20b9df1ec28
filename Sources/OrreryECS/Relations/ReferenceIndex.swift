internal import OrrerySchema

/// The index of one relation: for each entity, a list of its referrers, linked through the referrers.
///
/// The index follows the targets that values hold, whoever wrote the values and however they compare. The list of a
/// living entity is found by its slot. The list of an entity that may live later is found by its `Entity` value, until
/// the first look-up after it comes to life. Entities that point at a dead entity are in no list, because a dead entity
/// does not come back.
final class ReferenceIndex {
    private struct Links {
        /// The newest referrer of the entity that lives in this slot.
        var first = UInt32.max
        /// The neighbours in the list of referrers of the same target.
        var newer = UInt32.max
        var older = UInt32.max
        /// The entity that this one points at, living or not.
        var target = Entity.none
    }

    let component: ComponentID
    let whenTargetDespawns: TargetDespawn
    private let world: UnsafeMutablePointer<WorldStorage>
    let readTarget: (UnsafeRawPointer) -> Entity
    /// Indexed by entity slot. Only the living entity of a slot uses its links, since links end with the entity.
    private var links: [Links] = []
    /// The newest referrer of each entity that had not lived yet at the last look-up.
    private var firstOfUnborn: [Entity: UInt32] = [:]

    init<R: Relation>(_ relation: R.Type, component: ComponentID, in world: UnsafeMutablePointer<WorldStorage>) {
        self.component = component
        self.world = world
        whenTargetDespawns = R.whenTargetDespawns
        readTarget = { $0.assumingMemoryBound(to: R.self).pointee.target }
    }

    /// The index of the newest entity that points at a living one.
    /// - Complexity: O(1), amortised.
    func first(to target: Entity) -> UInt32? {
        welcome(target)
        return link(target.index)?.first.known
    }

    /// The next older entity that points at the same target.
    /// - Complexity: O(1).
    func next(after index: UInt32) -> UInt32? { link(index)?.older.known }

    /// The target of an entity.
    /// - Complexity: O(1).
    func target(of source: UInt32) -> Entity { link(source)?.target ?? .none }

    /// Updates the index to an entity's current target.
    /// - Parameter value: The address of the entity's relation.
    /// - Complexity: O(1), amortised.
    func follow(_ source: Entity, _ value: UnsafeRawPointer) {
        let target = readTarget(value)
        guard self.target(of: source.index) != target else { return }
        unlink(source.index)
        let isAlive = world.pointee.entities.find(target) != nil
        makeRoom(for: isAlive ? max(source.index, target.index) : source.index)
        links[Int(source.index)].target = target
        if isAlive {
            world.pointee.targets.insert(target.index)
            push(source.index, before: first(to: target))
            links[Int(target.index)].first = source.index
        } else if world.pointee.entities.mayLiveLater(target) {
            push(source.index, before: firstOfUnborn[target])
            setFirst(source.index, ofUnborn: target)
        }
    }

    /// Removes the link from `source` to its target, if it has one.
    /// - Complexity: O(1).
    func unlink(_ source: UInt32) {
        guard let link = link(source), link.target != .none else { return }
        if let newer = link.newer.known {
            links[Int(newer)].older = link.older
        } else if self.link(link.target.index)?.first == source {
            links[Int(link.target.index)].first = link.older
        } else if firstOfUnborn[link.target] == source {
            setFirst(link.older.known, ofUnborn: link.target)
        }
        if let older = link.older.known { links[Int(older)].newer = link.newer }
        links[Int(source)].target = .none
        links[Int(source)].older = .max
        links[Int(source)].newer = .max
    }

    /// Removes the links from and to an entity that ends. Entities that still point at it are in no list afterwards.
    /// - Complexity: O(referrers).
    func forget(_ entity: Entity) {
        unlink(entity.index)
        var next = first(to: entity)
        while let source = next {
            next = links[Int(source)].older.known
            links[Int(source)].older = .max
            links[Int(source)].newer = .max
        }
        if Int(entity.index) < links.count { links[Int(entity.index)].first = .max }
    }

    /// Gives an entity that has come to life the list of entities that already pointed at it.
    private func welcome(_ entity: Entity) {
        guard !firstOfUnborn.isEmpty, let first = firstOfUnborn[entity] else { return }
        setFirst(nil, ofUnborn: entity)
        world.pointee.targets.insert(entity.index)
        makeRoom(for: entity.index)
        links[Int(entity.index)].first = first
    }

    private func setFirst(_ source: UInt32?, ofUnborn target: Entity) {
        let count = firstOfUnborn.count
        firstOfUnborn[target] = source
        world.pointee.targets.unbornCount += firstOfUnborn.count - count
    }

    /// Puts an entity in front of the newest of a list.
    private func push(_ source: UInt32, before older: UInt32?) {
        links[Int(source)].older = older ?? .max
        if let older { links[Int(older)].newer = source }
    }

    private func makeRoom(for index: UInt32) {
        let needed = Int(index) + 1
        guard links.count < needed else { return }
        links += Array(repeating: Links(), count: max(needed, links.count * 2) - links.count)
    }

    private func link(_ index: UInt32) -> Links? { Int(index) < links.count ? links[Int(index)] : nil }
}

extension EntityStorage {
    /// Whether an entity that does not live may live later: its slot has not reached that generation.
    fileprivate func mayLiveLater(_ entity: Entity) -> Bool {
        guard entity.index < entityCountMax, entity.generation > 0 else { return false }
        return entity.index >= slotCount || slots[Int(entity.index)].generation < entity.generation
    }
}

extension UInt32 {
    /// `nil` for the number that stands for none.
    fileprivate var known: UInt32? { self == .max ? nil : self }
}
