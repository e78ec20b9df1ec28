import OrreryECS
import OrrerySchema
import Testing

@Suite("Who hears of an end still reads the parent, and where everybody points")
struct CascadeTests {
    private let world = World()

    @Test func theParentIsReadable() throws {
        let root = world.spawn(Label(text: "root"))
        let child = world.spawn(Label(text: "child"), ChildOf(root))
        let grandchild = world.spawn(Label(text: "grandchild"), ChildOf(child))
        var lines: [String] = []
        world.observe(Label.self) { observation in
            let world = observation.world
            let line = world.ancestors(of: observation.entity).map { world[$0, Label.self]?.text ?? "?" }
            let children = world.children(of: observation.entity).count
            lines.append("\(observation.old?.text ?? "?"): \(line), \(children)")
        }
        world.observe(ChildOf.self) { observation in
            let parent = observation.world[observation.entity, ChildOf.self]?.target
            lines.append("\(observation.kind) \(observation.old == ChildOf(parent ?? .none))")
        }
        try world.despawn(root)
        #expect(
            lines == [
                "root: [], 1", #"child: ["root"], 1"#, "despawned true", #"grandchild: ["child", "root"], 0"#,
                "despawned true",
            ])
        #expect(world.entityCount == 0 && !world.contains(grandchild))
    }

    @Test func whoIsFreedInTimeLivesOn() throws {
        let (root, haven) = (world.spawn(Label(text: "root")), world.spawn())
        let children = (0..<3).map { _ in world.spawn(ChildOf(root)) }
        world.observe(Label.self) { observation in
            try? observation.world.set(ChildOf(haven), on: children[1])
        }
        try world.despawn(root)
        #expect(children.map(world.contains) == [false, true, false])
        #expect(world.parent(of: children[1]) == haven)
        #expect(world.children(of: haven) == [children[1]])
    }

    /// Until its turn has come.
    @Test func whoIsFreedByTheEndOfASiblingLivesOn() throws {
        let (root, haven) = (world.spawn(), world.spawn())
        let first = world.spawn(ChildOf(root), Label())
        let second = world.spawn(ChildOf(root))
        world.observe(Label.self) { try? $0.world.set(ChildOf(haven), on: second) }
        try world.despawn(root)
        #expect(!world.contains(first) && world.parent(of: second) == haven)
    }

    @Test func whoIsBoundMeanwhileEndsToo() throws {
        let root = world.spawn()
        let child = world.spawn(ChildOf(root), Label())
        let (stranger, shooter) = (world.spawn(ChildOf()), world.spawn(Aim()))
        world.observe(Label.self) { observation in
            try? observation.world.set(ChildOf(root), on: stranger)
            try? observation.world.set(Aim(target: root), on: shooter)
        }
        try world.despawn(root)
        #expect(!world.contains(child) && !world.contains(stranger))
        #expect(world.contains(shooter) && !world.has(Aim.self, on: shooter))
        world._checkInvariants()
    }

    @Test func whoEndsLosesNothingBefore() throws {
        // Each aims at the other, and the child ends with the parent.
        let parent = world.spawn(Aim())
        let child = world.spawn(ChildOf(parent), Aim(target: parent))
        try world.set(Aim(target: child), on: parent)
        var kinds: [Observation<Aim>.Kind] = []
        world.observe(Aim.self) { kinds.append($0.kind) }
        try world.despawn(parent)
        #expect(kinds == [.despawned, .despawned])
        #expect(world.entityCount == 0)
    }

    /// Whether a row matched is decided before the first ends: rows move when their relations are taken.
    @Test func bulksEndThoseThatMatched() throws {
        let target = world.spawn(Health())
        let (hunter, other) = (world.spawn(Mass(), Aim(target: target)), world.spawn(Mass(), Aim()))
        #expect(world.despawnAll(world.query(Read<Health>.self).without(Aim.self)) == 1)
        #expect(world.contains(hunter) && !world.has(Aim.self, on: hunter))
        let next = world.spawn(Aim(target: other))
        try world.set(Aim(target: next), on: other)
        #expect(world.despawnAll(world.query(Read<Aim>.self)) == 2)
        #expect(!world.contains(next) && !world.contains(other) && world.contains(hunter))
    }

    @Test func longLines() throws {
        var last = world.spawn()
        let first = last
        for _ in 0..<50_000 { last = world.spawn(ChildOf(last)) }
        try world.despawn(first)
        #expect(world.entityCount == 0)
    }
}
