internal import OrrerySchema

/// Who points at whom by one relation: for each entity a list of those that point at it, linked through them.
///
/// It follows the targets that values hold, whoever wrote them and however they compare. An entity that lives has its
/// list by its slot; one that may live one day, by its name, until somebody looks at it. Who points at one that lived
/// is in no list: it does not come back.
final class ReferenceIndex {
    private struct Links {
        /// The newest of those that point at the entity that lives here.
        var first = UInt32.max
        /// The neighbours in the list of those that point at the same target.
        var newer = UInt32.max
        var older = UInt32.max
        /// Where this entity points, whether that one lives or not.
        var target = Entity.none
    }

    let component: ComponentID
    let whenTargetDespawns: TargetDespawn
    private let world: UnsafeMutablePointer<WorldStorage>
    let readTarget: (UnsafeRawPointer) -> Entity
    /// By entity index; a place is used only by the entity that lives there, since links end with it.
    private var links: [Links] = []
    /// The newest of those that point at an entity that has not lived yet, when last looked at.
    private var firstOfUnborn: [Entity: UInt32] = [:]

    init<R: Relation>(_ relation: R.Type, component: ComponentID, in world: UnsafeMutablePointer<WorldStorage>) {
        self.component = component
        self.world = world
        whenTargetDespawns = R.whenTargetDespawns
        readTarget = { $0.assumingMemoryBound(to: R.self).pointee.target }
    }

    /// The newest entity that points at a living one, by index.
    /// - Complexity: O(1), amortised.
    func first(to target: Entity) -> UInt32? {
        welcome(target)
        return link(target.index)?.first.known
    }

    /// The next older one that points at the same target.
    /// - Complexity: O(1).
    func next(after index: UInt32) -> UInt32? { link(index)?.older.known }

    /// Where an entity points.
    /// - Complexity: O(1).
    func target(of source: UInt32) -> Entity { link(source)?.target ?? .none }

    /// Takes up where an entity points now.
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

    /// Ends what `source` points at, if it points anywhere.
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

    /// Ends what leads from an entity that ends and to it. Those that go on pointing at it are in no list any more.
    /// - Complexity: O(those that point at it).
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

    /// Gives an entity that has come to life the list of those that pointed at it before.
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

    /// Puts an entity before the newest of a list.
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
    /// Whether an entity that does not live may live one day: its slot has not come to that life.
    fileprivate func mayLiveLater(_ entity: Entity) -> Bool {
        guard entity.index < entityCountMax, entity.generation > 0 else { return false }
        return entity.index >= slotCount || slots[Int(entity.index)].generation < entity.generation
    }
}

extension UInt32 {
    /// `nil` for the number that stands for none.
    fileprivate var known: UInt32? { self == .max ? nil : self }
}
