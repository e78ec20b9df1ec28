// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

/// A random script, run on a world and on the model of one.
private struct Script {
    private var random: SeededGenerator
    private let world = World()
    private let log = ChangeLog()
    private var model = ModelWorld()
    private var number: Int32 = 0
    private(set) var drainCount = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        // Mass is tracked in mid-script, Position never.
        world.track(Health.self)
        world.track(Label.self)
        world.track(Frozen.self)
        model.tracked = [ObjectIdentifier(Health.self), ObjectIdentifier(Label.self), ObjectIdentifier(Frozen.self)]
    }

    mutating func run(operationCount: Int) throws {
        for operation in 0..<operationCount {
            if operation == operationCount / 2 { trackMass() }
            try step()
        }
        drain()
    }

    private mutating func step() throws {
        switch Int.random(in: 0..<10_000, using: &random) {
        case 0..<1400: spawn()
        case 1400..<2780: try despawn()
        case 2780..<8200:
            switch Int.random(in: 0..<5, using: &random) {
            case 0: try change(Health.self)
            case 1: try change(Label.self)
            case 2: try change(Frozen.self)
            case 3: try change(Mass.self)
            default: try change(Position.self)
            }
        case 8200..<9700: try touchTheDead()
        case 9700..<9890: world.endTick()
        case 9890..<9920: writeHealths()
        case 9920..<9940: writeLabels()
        case 9940..<9942: for _ in 0..<1200 { spawn() }
        case 9942..<9944: for _ in 0..<min(1200, model.living.count) { try despawn() }
        case 9944..<9980: drain()
        default: world.endTick()
        }
    }

    private mutating func nextNumber() -> Int32 {
        number += 1
        return number
    }

    private mutating func spawn() {
        let (first, second) = (nextNumber(), nextNumber())
        let entity: Entity
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            entity = world.spawn()
            model.spawn(entity)
        case 1:
            entity = world.spawn(Label(number: first), Health(number: second))
            model.spawn(entity)
            model.put(Label(number: first), on: entity)
            model.put(Health(number: second), on: entity)
        case 2:
            entity = world.spawn(Position(number: first), Frozen(), Mass(number: second))
            model.spawn(entity)
            model.put(Position(number: first), on: entity)
            model.put(Frozen(), on: entity)
            model.put(Mass(number: second), on: entity)
        default:
            entity = world.spawn(Health(number: first))
            model.spawn(entity)
            model.put(Health(number: first), on: entity)
        }
    }

    private mutating func despawn() throws {
        guard let position = model.living.indices.randomElement(using: &random) else { return }
        try world.despawn(model.despawn(at: position))
    }

    private mutating func change<C: ModelComponent>(_ type: C.Type) throws {
        guard let entity = model.living.randomElement(using: &random) else { return }
        let value = C(number: nextNumber())
        let has = model.entities[entity]?[C.self] != nil
        switch Int.random(in: 0..<6, using: &random) {
        case 0...1:
            try world.insert(value, on: entity)
            model.put(value, on: entity)
        case 2...3:
            #expect(try world.remove(type, from: entity) == model.entities[entity]?[C.self])
            model.take(type, from: entity)
        case 4 where has:
            try world.set(value, on: entity)
            model.put(value, on: entity)
        case 5 where has:
            try world.update(entity, type) { $0 = value }
            model.put(value, on: entity)
        default:
            #expect(throws: WorldError.self) { try world.set(value, on: entity) }
        }
    }

    private mutating func touchTheDead() throws {
        guard let entity = model.living.randomElement(using: &random) else { return }
        let dead = Entity(index: entity.index, generation: entity.generation &- 1)
        #expect(!world.contains(dead) && world[dead, Health.self] == nil)
        #expect(world.contains(entity))
    }

    private mutating func writeHealths() {
        let gain = nextNumber()
        world.query(Write<Health>.self).without(Frozen.self).forEach { $0.current &+= gain }
        for entity in model.living {
            guard let known = model.entities[entity], let health = known.health, known.frozen == nil else { continue }
            model.put(Health(current: health.current &+ gain), on: entity)
        }
    }

    private mutating func writeLabels() {
        world.query(Write<Label>.self, Read<Health>.self).forEach { $0.text = "health \($1.current)" }
        for entity in model.living {
            guard let known = model.entities[entity], known.label != nil, let health = known.health else { continue }
            model.put(Label(text: "health \(health.current)"), on: entity)
        }
    }

    private mutating func trackMass() {
        drain()
        world.track(Mass.self)
        model.tracked.insert(ObjectIdentifier(Mass.self))
        for entity in model.living {
            guard let mass = model.entities[entity]?.mass else { continue }
            model.put(mass, on: entity)
        }
    }

    private mutating func drain() {
        // The log is checked at each drain; all of storage, being slow, at some.
        if drainCount % 4 == 0 {
            world._checkInvariants()
            model.expectEqual(world)
        }
        world.drainChanges(into: log)
        model.observe(log, of: world)
        drainCount += 1
    }
}

@Suite("Any script of changes leaves the world and its log as the naive world has them")
struct ModelTests {
    @Test(arguments: testSeeds())
    func randomScript(seed: UInt64) throws {
        print("OrreryECS model script: rerun with ORRERY_SEED=\(seed)")
        var script = Script(seed: seed)
        try script.run(operationCount: 60_000)
        #expect(script.drainCount > 100)
    }
}
