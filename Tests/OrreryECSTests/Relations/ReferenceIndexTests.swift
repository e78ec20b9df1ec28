// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

@Suite("Who points at whom follows the values, however they are written and compared")
struct ReferenceIndexTests {
    /// A relation in a set of its own, with a reference inside and without `==`.
    struct Rope: Relation {
        var target = Entity.none
        var material = "hemp"
        static var storage: ComponentStorage { .sparse }
        static var whenTargetDespawns: TargetDespawn { .despawnsEntity }
    }

    private let world = World()

    private func expectReferrers<R: Relation>(
        _ relation: R.Type, _ expected: [Entity: [Entity]], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        world.forEachEntity { entity in
            #expect(
                world.referrers(to: entity, by: relation) == expected[entity] ?? [], "to \(entity)",
                sourceLocation: sourceLocation)
        }
        world._checkInvariants()
    }

    @Test(.bug(id: "f03", "what == does not see did not come into the index"))
    func aRelationWithItsOwnEquality() throws {
        let (one, two) = (world.spawn(), world.spawn())
        let hunter = world.spawn(Lock(target: one))
        try world.set(Lock(target: two), on: hunter)
        expectReferrers(Lock.self, [two: [hunter]])
        try world.update(hunter, Lock.self) { $0.target = one }
        expectReferrers(Lock.self, [one: [hunter]])
        world.query(Write<Lock>.self).forEach { $0.target = two }
        expectReferrers(Lock.self, [two: [hunter]])
        try world.insert(Lock(target: one), on: hunter)
        expectReferrers(Lock.self, [one: [hunter]])
        world.observe(Lock.self) { _ in }
        try world.set(Lock(target: two), on: hunter)
        expectReferrers(Lock.self, [two: [hunter]])
    }

    @Test(.bug(id: "f04", "what was written unmarked did not come into the index"))
    func aRelationThatIsWrittenUnmarked() throws {
        let (one, two) = (world.spawn(), world.spawn())
        let hunter = world.spawn(Aim(target: one), Memory(target: one))
        try world.updateUnmarked(hunter, Aim.self) { $0.target = two }
        try world.updateUnmarked(hunter, Memory.self) { $0.target = two }
        expectReferrers(Aim.self, [two: [hunter]])
        expectReferrers(Memory.self, [two: [hunter]])
        try world.despawn(two)
        #expect(!world.has(Aim.self, on: hunter))
    }

    @Test func whatAQueryHasWrittenSoFarIsFollowed() {
        let (one, two) = (world.spawn(), world.spawn())
        let hunters = (0..<3).map { _ in world.spawn(Aim(target: one)) }
        var seen: [[Entity]] = []
        world.query(Write<Aim>.self).forEach { aim in
            aim.target = two
            seen.append(world.referrers(to: two, by: Aim.self))
        }
        #expect(seen.last?.isSuperset(of: hunters.dropLast()) == true)
        expectReferrers(Aim.self, [two: hunters.reversed()])
    }

    @Test(.bug(id: "f05", "an entity that came to life later had no referrers"))
    func aTargetThatComesLater() throws {
        let hunter = world.spawn(Aim())
        let later = Entity(index: hunter.index + 1, generation: 1)
        try world.set(Aim(target: later), on: hunter)
        #expect(world.referrers(to: later, by: Aim.self) == [])
        let born = world.spawn()
        #expect(born == later)
        expectReferrers(Aim.self, [born: [hunter]])
        let second = world.spawn(Aim(target: born))
        expectReferrers(Aim.self, [born: [second, hunter]])
        try world.despawn(born)
        #expect(!world.has(Aim.self, on: hunter) && !world.has(Aim.self, on: second))
        expectReferrers(Aim.self, [:])
    }

    /// A later life of a slot, at which nobody looks before it ends.
    @Test func aLaterLifeOfASlot() throws {
        let target = world.spawn()
        let again = Entity(index: target.index, generation: target.generation + 1)
        let (hunter, tied) = (world.spawn(Aim(target: again)), world.spawn(Rope(target: again)))
        let historian = world.spawn(Memory(target: again))
        expectReferrers(Aim.self, [:])
        try world.despawn(target)
        #expect(world.has(Aim.self, on: hunter) && world.contains(tied))
        world.endTick()
        #expect(world.spawn() == again)
        try world.despawn(again)
        #expect(!world.has(Aim.self, on: hunter) && !world.contains(tied))
        #expect(world[historian, Memory.self]?.target == again)
        expectReferrers(Memory.self, [:])
    }

    @Test func aTargetThatDoesNotComeIsLeft() throws {
        let never = Entity(index: 1_000_000, generation: 7)
        let hunters = (0..<3).map { _ in world.spawn(Aim(target: never)) }
        let target = world.spawn()
        try world.set(Aim(target: target), on: hunters[1])
        try world.despawn(hunters[2])
        try world.remove(Aim.self, from: hunters[0])
        expectReferrers(Aim.self, [target: [hunters[1]]])
        // Names that nobody ever has take no place.
        try world.set(Aim(target: Entity(index: .max - 1, generation: 1)), on: hunters[1])
        expectReferrers(Aim.self, [:])
    }

    @Test func aTargetOfThePastStaysNobody() throws {
        let (target, past) = (world.spawn(), world.spawn())
        try world.despawn(past)
        let hunter = world.spawn(Memory(target: past))
        world.endTick()
        let next = world.spawn()
        #expect(next.index == past.index)
        expectReferrers(Memory.self, [:])
        try world.set(Memory(target: target), on: hunter)
        expectReferrers(Memory.self, [target: [hunter]])
    }

    @Test func bulksOfRelations() throws {
        let one = world.spawn()
        let tied = try world.spawn(count: 3, Rope(target: one), Health())
        expectReferrers(Rope.self, [one: tied.reversed()])
        let copy = try world.clone(tied[0])
        let made = world.spawn(Prefab(Rope(target: one)))
        expectReferrers(Rope.self, [one: [made, copy] + tied.reversed()])
        #expect(world.despawnAll(world.query(Read<Health>.self)) == 4)
        expectReferrers(Rope.self, [one: [made]])
        world.clear()
        #expect(world.entityCount == 0)
        world._checkInvariants()
    }

    @Test func entitiesThatNobodyPointsAtEndTogether() throws {
        let (root, other) = (world.spawn(Health()), world.spawn(Health()))
        let child = world.spawn(ChildOf(root), Mass())
        var gone: [Entity] = []
        world.observe(Mass.self) { if $0.kind == .despawned { gone.append($0.entity) } }
        #expect(world.despawnAll(world.query(Read<Health>.self)) == 2)
        #expect(!world.contains(root) && !world.contains(other) && !world.contains(child) && gone == [child])
        world.spawn(Mass(), Burning())
        world.spawn(Burning())
        world.clear()
        #expect(gone.count == 2 && world.entityCount == 0)
        world._checkInvariants()
    }
}

extension [Entity] {
    fileprivate func isSuperset(of others: some Sequence<Entity>) -> Bool { Set(self).isSuperset(of: others) }
}
