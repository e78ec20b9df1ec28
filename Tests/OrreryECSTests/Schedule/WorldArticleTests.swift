// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

/// The programs of docs/WORLD.md, each in a function, as they stand there.
@Suite("The article on worlds and systems shows what happens")
struct WorldArticleTests {
    private let world = World()
    private let tick = Duration.milliseconds(500)

    @Test func components() throws {
        struct Shield: Component {
            enum Mode: UInt8, CaseIterable { case idle, charging, up }

            var mode = Mode.idle
            var charge: Float = 0
            var owner = Entity.none

            static var documentation: String? { "Keeps its owner from harm." }
            static var annotations: [FieldAnnotation<Shield>] {
                [
                    .init(\.charge, unit: "kJ", range: 0...500, "Above 100 it can be raised."),
                    .init(\.owner, "Whom it keeps."),
                ]
            }
        }
        struct Cargo: Component, Codable {
            var items: [String] = []
            var inspectedAt: Double?
        }

        let ship = world.spawn(Shield(mode: .up), Cargo(items: ["tea"]))
        #expect(world[ship, Cargo.self]?.items == ["tea"])
        let schema = try ComponentCoder<Shield>().schema
        #expect(schema.documentation == "Keeps its owner from harm.")
        #expect(try ComponentCoder<Cargo>().schema.type.fixedSize == nil && schema.type.fixedSize == 13)
    }

    @Test func systems() throws {
        struct Wind { var x: Float = 2 }
        var schedule = Schedule()
        schedule.add("drag", in: .update, .query(Write<Velocity>.self), .resource(default: Wind())) {
            query, wind, tick in
            query.forEach { velocity in velocity.x += (wind.x - velocity.x) * Float(tick.seconds) }
        }
        schedule.add("integrate", in: .update, Write<Position>.self, Read<Velocity>.self) { query, tick in
            query.without(Frozen.self).forEach { position, velocity in position.x += velocity.x * Float(tick.seconds) }
        }
        schedule.add("reap", in: .late, Read<Health>.self, order: [.after("burn")], when: .every(ticks: 2)) {
            query, tick in
            query.forEachEntity { entity, health in
                if health.current <= 0 { tick.commands.despawn(entity) }
            }
        }
        schedule.add("burn", in: .late, Write<Health>.self) { query, _ in
            query.with(Burning.self).forEach { $0.current -= 10 }
        }

        let ship = world.spawn(Position(), Velocity(), Health(current: 20), Burning())
        for _ in 0..<2 { schedule.runTick(on: world, step: tick) }
        #expect(schedule.systemNames == ["drag", "integrate", "burn", "reap"])
        #expect(!world.contains(ship), "it burned twice before the reaper came")
    }

    @Test func systemsWithSeveralParameters() throws {
        struct Gun: Component {
            var range: Float = 10
            var heat: Int32 = 0
        }
        struct Hit: Sendable { var target: Entity }
        var schedule = Schedule()
        schedule.add(
            "fire", in: .update,
            .query(Write<Gun>.self, Read<Position>.self), .query(Read<Position>.self, Read<Health>.self),
            .reader(Frozen.self)
        ) { guns, targets, frozen, tick in
            guns.forEachEntity { entity, gun, position in
                gun.heat = max(0, gun.heat - 1)
                guard gun.heat == 0, !frozen.contains(entity) else { return }
                targets.forEachEntity { target, place, _ in
                    guard target != entity, abs(place.x - position.x) < gun.range else { return }
                    tick.send(Hit(target: target))
                    gun.heat = 5
                }
            }
        }

        let gun = world.spawn(Gun(), Position())
        let near = world.spawn(Position(x: 3), Health())
        world.spawn(Position(x: 30), Health())
        world.spawn(Gun(), Position(x: -3), Frozen())
        var hits = EventReader<Hit>()
        var targets: [[Entity]] = []
        for _ in 0..<7 {
            schedule.run(world, tick: world.tick.next, seconds: 1)
            targets.append(hits.read(world).map(\.target))
            world.endTick()
        }
        #expect(targets == [[near], [], [], [], [], [near], []])
        #expect(world[gun, Gun.self]?.heat == 4)
    }

    @Test func systemsWithoutAQuery() {
        var schedule = Schedule()
        schedule.add("reinforce", in: .input, when: .when { $0.entityCount < 3 }) { world, tick in
            for _ in 0..<2 { world.spawn(Position(), Velocity(x: 1)) }
        }

        for _ in 0..<3 { schedule.runTick(on: world, step: tick) }
        #expect(world.entityCount == 4)
    }

    @Test func parts() {
        var schedule = Schedule()
        schedule.threadCount = 2
        schedule.add("jitter", in: .update, Write<Position>.self) { query, tick in
            query.forEachPart(tick) { part, tick in
                var random = tick.makeRandom()
                part.forEach { position in position.z = Float.random(in: 0..<1, using: &random) }
            }
        }

        for _ in 0..<40_000 { world.spawn(Position()) }
        schedule.runTick(on: world, step: tick)
        let heights = Set(world.query(Read<Position>.self).values().map(\.z))
        #expect(heights.count > 30_000)
    }

    @Test func events() {
        struct Hit: Sendable { var target: Entity }
        struct Score { var points = 0 }
        struct Aim: Component { var target = Entity.none }
        var schedule = Schedule()
        schedule.add("score", in: .publish, .events(Hit.self), .resourceAccessor(default: Score())) { hits, score, _ in
            score.value.points += hits.count
        }
        schedule.add("shoot", in: .update, Read<Aim>.self) { query, tick in
            query.forEach { aim in tick.send(Hit(target: aim.target)) }
        }

        for _ in 0..<2 { world.spawn(Aim()) }
        for _ in 0..<3 { schedule.runTick(on: world, step: tick) }
        #expect(world.resource(Score.self)?.points == 6)
    }

    @Test func observers() throws {
        world.observe(Health.self) { observation in
            guard let old = observation.old, let new = observation.new, new.current < old.current else { return }
            observation.world.commands.insert(Burning(), on: observation.entity)
        }

        let ship = world.spawn(Health(current: 10))
        try world.set(Health(current: 11), on: ship)
        world.flushCommands()
        #expect(!world.has(Burning.self, on: ship))
        try world.set(Health(current: 9), on: ship)
        world.flushCommands()
        #expect(world.has(Burning.self, on: ship))
    }

    @Test func relations() throws {
        struct Aim: Relation {
            var target = Entity.none
        }

        let fleet = world.spawn()
        let ship = world.spawn(Position(), Health(), ChildOf(fleet))
        let turret = world.spawn(ChildOf(ship))
        let hunter = world.spawn(Aim(target: ship))
        let hunters = world.referrers(to: ship, by: Aim.self)
        let family = (world.children(of: fleet), world.descendants(of: fleet), world.ancestors(of: turret))
        try world.despawn(fleet)

        #expect(hunters == [hunter])
        #expect(family.0 == [ship] && family.1 == [ship, turret] && family.2 == [ship, fleet])
        #expect(world.entityCount == 1 && !world.has(Aim.self, on: hunter))
    }

    @Test func manyOfAKind() throws {
        let rock = Prefab(Position(), Velocity(x: 2), Health(current: 10))
        let big = world.spawn(rock.with(Health(current: 50)))
        let twin = try world.clone(big)
        let rocks = try world.spawn(columns: [Position(x: 1), Position(x: 2)], [Velocity(), Velocity()])
        let gone = world.despawnAll(world.query(Read<Velocity>.self).without(Health.self))

        #expect(world[twin, Health.self]?.current == 50 && world[twin, Velocity.self]?.x == 2)
        #expect(rocks.count == 2 && gone == 2 && world.entityCount == 2)
    }

    @Test func theArticleShowsThisFile() throws {
        try expectArticle("WORLD.md", toShow: #filePath, blockCount: 9)
    }
}
