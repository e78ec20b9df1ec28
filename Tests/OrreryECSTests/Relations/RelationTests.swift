// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

@Suite("The world knows who points at whom")
struct RelationTests {
    @Test func walksBothWays() throws {
        let world = World()
        let root = world.spawn()
        let (left, right) = (world.spawn(ChildOf(root)), world.spawn(ChildOf(root)))
        let leaf = world.spawn(ChildOf(left))
        #expect(world.children(of: root) == [right, left])
        #expect(world.descendants(of: root) == [right, left, leaf])
        #expect(world.parent(of: leaf) == left)
        #expect(world.ancestors(of: leaf) == [left, root])
        #expect(world.parent(of: root) == nil)
        try world.set(ChildOf(right), on: leaf)
        #expect(world.children(of: left).isEmpty)
        #expect(world.children(of: right) == [leaf])
        try world.remove(ChildOf.self, from: leaf)
        #expect(world.children(of: right).isEmpty)
        #expect(world.contains(leaf))
    }

    @Test func despawnsCascade() throws {
        let world = World()
        let root = world.spawn()
        let child = world.spawn(ChildOf(root))
        let grandchild = world.spawn(ChildOf(child), Aim(target: root))
        let (shooter, historian) = (world.spawn(Aim(target: child)), world.spawn(Memory(target: child)))
        let other = world.spawn(Aim(target: shooter))
        try world.despawn(root)
        #expect(!world.contains(root) && !world.contains(child) && !world.contains(grandchild))
        #expect(world.contains(shooter) && !world.has(Aim.self, on: shooter))
        #expect(world[historian, Memory.self] == Memory(target: child))
        #expect(world[other, Aim.self] == Aim(target: shooter))
        world.endTick()
        let reborn = world.spawn()
        #expect(reborn.index <= 2)
        #expect(world.referrers(to: reborn, by: Memory.self).isEmpty && world.children(of: reborn).isEmpty)
    }

    @Test func circles() throws {
        let world = World()
        let (first, second, third) = (world.spawn(), world.spawn(), world.spawn())
        try world.insert(ChildOf(second), on: first)
        try world.insert(ChildOf(first), on: second)
        try world.insert(ChildOf(first), on: third)
        #expect(world.ancestors(of: third) == [first, second])
        #expect(world.ancestors(of: first) == [second])
        #expect(world.descendants(of: first) == [third, second])
        try world.insert(ChildOf(third), on: third)
        #expect(world.descendants(of: third) == [])
        try world.despawn(first)
        #expect(world.entityCount == 1)
        try world.despawn(third)
        #expect(world.entityCount == 0)
    }

    @Test func deadTargetsAreNobody() throws {
        let world = World()
        let dead = world.spawn()
        try world.despawn(dead)
        let orphan = world.spawn(ChildOf(dead))
        #expect(world.parent(of: orphan) == nil)
        #expect(world.children(of: dead).isEmpty)
        try world.set(ChildOf(), on: orphan)
        #expect(world.children(of: .none).isEmpty)
    }

    @Test func observersWriteRelationsOfWhatEnds() throws {
        let world = World()
        let (target, haven) = (world.spawn(), world.spawn())
        // What is known first ends first.
        let child = world.spawn(ChildOf(haven))
        let (first, second) = (world.spawn(Aim(target: target)), world.spawn(Aim(target: target), Mass()))
        world.observe(Aim.self) { observation in
            guard observation.kind == .removed else { return }
            try? world.set(Aim(target: haven), on: first)
            try? world.set(ChildOf(target), on: child)
        }
        world.observe(Mass.self) { try? world.set(Aim(target: haven), on: $0.entity) }
        try world.despawn(target)
        #expect(world.referrers(to: haven, by: Aim.self) == [first] && !world.has(Aim.self, on: second))
        try world.insert(Aim(target: first), on: second)
        try world.despawn(second)
        world.endTick()
        let reborn = [world.spawn(), world.spawn()]
        #expect(Set(reborn.map(\.index)) == [target.index, second.index])
        #expect(reborn.allSatisfy { world.children(of: $0).isEmpty })
        #expect(world.referrers(to: haven, by: Aim.self) == [first])
        try world.despawn(first)
        #expect(world.entityCount == 3, "the child was bound to what ended")
    }

    @Test func observersWriteTheRelationThatIsTaken() throws {
        let world = World()
        let (target, haven) = (world.spawn(), world.spawn())
        let source = world.spawn(Aim(target: target))
        world.observe(Aim.self) { observation in
            guard observation.kind == .removed else { return }
            try? world.set(Aim(target: haven), on: observation.entity)
        }
        try world.remove(Aim.self, from: source)
        #expect(!world.has(Aim.self, on: source) && world.referrers(to: haven, by: Aim.self).isEmpty)
        try world.insert(Aim(target: target), on: source)
        try world.despawn(target)
        #expect(!world.has(Aim.self, on: source) && world.referrers(to: haven, by: Aim.self).isEmpty)
    }

    @Test func allThatMatchAreCountedWhoeverTheyEndWith() throws {
        let world = World()
        let parent = world.spawn(Health())
        world.spawn(Health(), ChildOf(parent))
        #expect(world.despawnAll(world.query(Read<Health>.self)) == 2)
        #expect(world.entityCount == 0)
    }

    /// Every way to write a relation, against the answer that a scan of all entities gives.
    @Test(arguments: testSeeds())
    func everyWayToWrite(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let world = World()
        var entities = (0..<40).map { _ in world.spawn() }
        for step in 0..<3000 {
            let (source, target) = (entities.randomElement(using: &random)!, entities.randomElement(using: &random)!)
            switch Int.random(in: 0..<9, using: &random) {
            case 0: try world.despawn(source)
            case 1: try world.insert(Aim(target: target), on: source)
            case 2: _ = try? world.set(Aim(target: target), on: source)
            case 3: _ = try? world.update(source, Aim.self) { $0.target = target }
            case 4: try world.remove(Aim.self, from: source)
            case 5: entities.append(world.spawn(Aim(target: target), Health()))
            case 6: world.commands.insert(Aim(target: target), on: source)
            case 7:
                world.query(Write<Aim>.self).forEachEntity { entity, aim in
                    if entity.index % 8 == source.index % 8 { aim.target = target }
                }
            default:
                world.endTick()
                world.flushCommands()
            }
            entities.removeAll { !world.contains($0) }
            while entities.count < 30 { entities.append(world.spawn()) }
            var expected: [Entity: Set<Entity>] = [:]
            world.query(Read<Aim>.self).forEachEntity { entity, aim in expected[aim.target, default: []].insert(entity)
            }
            var found: [Entity: Set<Entity>] = [:]
            for entity in entities {
                let referrers = world.referrers(to: entity, by: Aim.self)
                guard !referrers.isEmpty else { continue }
                found[entity] = Set(referrers)
                if found[entity]?.count != referrers.count { Issue.record("\(entity) is told of one twice") }
            }
            // Those whose target is gone are nobody's.
            expected = expected.filter { world.contains($0.key) }
            #expect(found == expected, "seed \(seed), step \(step)")
            world._checkInvariants()
        }
    }
}
