// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Synchronization
import Testing

@Suite("A reader of a world sees all of it")
struct WorldReaderTests {
    @Test func conditionsSeeTheWorld() throws {
        struct Aim: Relation { var target = Entity.none }
        struct Wind { var x = 4 }
        let world = World(entityCountMax: 100)
        let ship = world.spawn(Position(x: 1), Health(current: 7))
        let turret = world.spawn(ChildOf(ship), Position(x: 2))
        let hunter = world.spawn(Aim(target: ship), Position(x: 3), Velocity(), Mass(), Label(), Burning())
        world.insertResource(Wind())
        let seen = Mutex<[String]>([])
        var schedule = Schedule()
        schedule.add(
            "look", in: .update,
            when: .when { world in
                var xs: [Float] = []
                world.query(Read<Position>.self).forEach { xs.append($0.x) }
                let all = world.query(
                    Read<Position>.self, Read<Velocity>.self, Read<Mass>.self, Read<Label>.self, Read<Burning>.self)
                let few = [
                    world.query(Read<Position>.self, Maybe<Health>.self).count,
                    world.query(Read<Position>.self, Read<Velocity>.self, Read<Mass>.self).count,
                    world.query(Read<Position>.self, Read<Velocity>.self, Read<Mass>.self, Read<Label>.self).count,
                ]
                let lines = [
                    "\(world.tick) \(world.entityCount) of \(world.entityCountMax)", "\(xs.sorted())",
                    "\(all.entities == [hunter]) \(few)",
                    "\(world.contains(ship)) \(world.has(Health.self, on: turret))",
                    "\(world[ship, Health.self]?.current ?? 0) \(world.reader(Position.self)[turret]?.x ?? 0)",
                    "\(world.resource(Wind.self)?.x ?? 0)",
                    "\(world.children(of: ship) == [turret]) \(world.parent(of: turret) == ship)",
                    "\(world.referrers(to: ship, by: Aim.self) == [hunter])",
                ]
                seen.withLock { $0 = lines }
                return true
            }
        ) { _, _ in }
        schedule.runTick(on: world, step: .seconds(1))
        #expect(
            seen.withLock { $0 } == [
                "1 3 of 100", "[1.0, 2.0, 3.0]", "true [3, 1, 1]", "true false", "7 2.0", "4", "true true", "true",
            ])
    }
}
