// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

/// The programs of docs/CHANGE-DETECTION.md, each in a function, as they stand there.
@Suite("The article on change detection shows what happens")
struct ChangeDetectionArticleTests {
    private let world = World()

    @Test func writing() throws {
        let ship = world.spawn(Position())
        let mark = world.changeMark()
        let positions = world.accessor(Position.self)
        try positions.set(Position(x: 1), on: ship)
        try positions.update(ship) { $0.y = 2 }
        try world.updateUnmarked(ship, Position.self) { $0.z = 3 }

        #expect(world[ship, Position.self] == Position(x: 1, y: 2, z: 3))
        #expect(world.query(Read<Position>.self).changed(Position.self).since(mark).entities == [ship])
    }

    @Test func terms() throws {
        let ship = world.spawn(Position(x: 1), Velocity(x: 2), Health(current: 100), Burning(), Selected())
        world.spawn(Position(x: 5), Mass())
        world.query(Write<Position>.self, Read<Velocity>.self).forEach { position, velocity in
            position.x += velocity.x
        }

        #expect(world[ship, Position.self]?.x == 3)
        var indestructible: [Float] = []
        world.query(Read<Position>.self, Maybe<Health>.self).forEach { position, health in
            if health == nil { indestructible.append(position.x) }
        }

        #expect(indestructible == [5])
        let burningShips = world.query(Write<Health>.self).with(Burning.self).without(Frozen.self)
        burningShips.forEach { $0.current -= 1 }
        let solid = world.query(Read<Position>.self).withAny(Mass.self, Health.self).count

        #expect(world[ship, Health.self]?.current == 99 && solid == 2)
        world.query(Write<Position>.self).only(ship).forEach { $0.x += 1 }
        let weakest = world.query(Read<Health>.self).sorted(by: Health.self) { $0.current < $1.current }.entities.first
        let flagship = try world.query(Read<Position>.self).with(Selected.self).single()

        #expect(world[ship, Position.self]?.x == 4 && weakest == ship && flagship == ship)
    }

    @Test func systems() throws {
        var schedule = Schedule()
        schedule.add("alarm", in: .late, Read<Health>.self) { query, tick in
            query.changed(Health.self).forEachEntity { entity, health in
                if health.current < 10 { tick.commands.insert(Selected(), on: entity) }
            }
        }
        schedule.add("welcome", in: .late, Read<Position>.self) { query, tick in
            query.added(Position.self).forEachEntity { entity, _ in
                tick.commands.insert(Label(text: "new"), on: entity)
            }
        }

        let ship = world.spawn(Position(), Health(current: 5))
        schedule.runTick(on: world, step: .milliseconds(10))
        #expect(world.has(Selected.self, on: ship) && world[ship, Label.self]?.text == "new")
        try world.remove(Selected.self, from: ship)
        try world.remove(Label.self, from: ship)
        schedule.runTick(on: world, step: .milliseconds(10))
        #expect(!world.has(Selected.self, on: ship) && !world.has(Label.self, on: ship), "once each")
        try world.set(Health(current: 4), on: ship)
        schedule.runTick(on: world, step: .milliseconds(10))
        #expect(world.has(Selected.self, on: ship) && !world.has(Label.self, on: ship))
    }

    @Test func removals() throws {
        var schedule = Schedule()
        schedule.add("bury", in: .publish, .removals(of: Health.self), when: .every(ticks: 10)) { removals, tick in
            for removal in removals where removal.cause == .despawned {
                tick.commands.spawn(Label(text: "grave of \(removal.entity), last at \(removal.old.current)"))
            }
        }

        let ships = (0..<3).map { world.spawn(Health(current: Int32($0))) }
        for number in 1...20 {
            // After the first run of the system.
            if number == 11 { try world.despawn(ships[0]) }
            if number == 12 { try world.remove(Health.self, from: ships[1]) }
            if number == 13 { try world.despawn(ships[2]) }
            schedule.runTick(on: world, step: .milliseconds(10))
        }
        let graves = world.query(Read<Label>.self).values().map(\.text)
        #expect(graves == ["grave of \(ships[0]), last at 0", "grave of \(ships[2]), last at 2"])
    }

    @Test func marks() throws {
        let ship = world.spawn(Health())
        world.spawn(Health())
        let mark = world.changeMark()
        try world.set(Health(current: 5), on: ship)
        let hurt = world.query(Read<Health>.self).changed(Health.self).since(mark).entities

        // The first question: what was written before it counts as written then.
        #expect(hurt.contains(ship))
        let later = world.changeMark()
        try world.set(Health(current: 4), on: ship)
        #expect(world.query(Read<Health>.self).changed(Health.self).since(later).entities == [ship])
    }

    @Test func log() throws {
        let ship = world.spawn(Position(), Velocity())
        world.track(Velocity.self)
        let log = ChangeLog()
        var heard: [Entity: Float] = [:]
        world.track(Position.self)
        world.drainChanges(into: log)
        try world.set(Position(x: 7), on: ship)
        try world.remove(Velocity.self, from: ship)
        world.drainChanges(into: log)
        log.withChanges(of: Position.self) { entities, positions in
            for row in entities.indices { heard[entities[row]] = positions[row].x }
        }

        #expect(heard == [ship: 7] && log.removed(Velocity.self) == [ship] && log.spawned.isEmpty)
    }

    @Test func sparse() throws {
        struct Poisoned: Component {
            var seconds: Float = 10
            static var storage: ComponentStorage { .sparse }
        }

        let ship = world.spawn(Position(), Poisoned())
        #expect(try world.remove(Poisoned.self, from: ship)?.seconds == 10)
    }

    @Test func theArticleShowsThisFile() throws {
        try expectArticle("CHANGE-DETECTION.md", toShow: #filePath, blockCount: 10)
    }
}
