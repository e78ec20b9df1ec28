// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

/// A random script, run on a world and on the model of one.
struct ModelScript {
    var random: SeededGenerator
    let world = World()
    let ledger = Counted.Ledger()
    var model = ModelWorld()
    private let log = ChangeLog()
    private var mark: ChangeMark?
    private var number: Int32 = 0
    private(set) var drainCount = 0
    /// How many entities there are most of the time: few, so that looking at all of them is quick.
    private static let entityCountUsual = 250

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        // Mass and Note are tracked in mid-script, Position and what is counted never.
        track(Health.self)
        track(Label.self)
        track(Frozen.self)
        track(Burning.self)
    }

    mutating func run(operationCount: Int) throws {
        for _ in 0..<operationCount { try step() }
    }

    private mutating func step() throws {
        switch Int.random(in: 0..<10_000, using: &random) {
        case 0..<2800:
            if Int.random(in: 0..<2 * Self.entityCountUsual, using: &random) >= model.living.count {
                spawn()
            } else {
                try despawn()
            }
        case 2800..<8800:
            let component = modelComponents[Int.random(in: 0..<modelComponents.count, using: &random)]
            try change(component)
        case 8800..<9700: try touchTheDead()
        case 9700..<9800: try clone()
        case 9800..<9890: world.endTick()
        case 9890..<9910: writeHealths()
        case 9910..<9930: writeBurnings()
        case 9930..<9940: writeLabels()
        case 9940..<9945: try spawnMany()
        case 9945..<9955: despawnAll(Label.self, without: Health.self)
        case 9955..<9960: despawnAll(Kept.self, without: Frozen.self)
        case 9960..<9966: askForChanges()
        case 9966..<9967: clear()
        case 9967..<9985: drain()
        default: world.endTick()
        }
    }

    mutating func nextNumber() -> Int32 {
        number += 1
        return number
    }

    private mutating func track<C: ModelComponent>(_ type: C.Type) {
        world.track(type)
        model.tracked.insert(ObjectIdentifier(type))
        for entity in model.living {
            guard let value = model.entities[entity]?[type] else { continue }
            model.sinceDrain.written.insert(.init(component: ObjectIdentifier(type), entity: entity))
            model.entities[entity]?[type] = value
        }
    }

    mutating func trackMore() {
        drain()
        track(Mass.self)
        track(Note.self)
    }

    mutating func drain() {
        // The log is checked at each drain; all of storage, being slow, at some.
        if drainCount % 4 == 0 {
            world._checkInvariants()
            model.expectEqual(world)
            #expect(ledger.living == model.lifeCount, "each life is held by a value")
        }
        world.drainChanges(into: log)
        model.observe(log, of: world)
        drainCount += 1
    }

    /// What was written and gained since the last time.
    private mutating func askForChanges() {
        if let mark {
            model.expectChanges(of: Health.self, since: mark, in: world)
            model.expectChanges(of: Label.self, since: mark, in: world)
            model.expectChanges(of: Burning.self, since: mark, in: world)
        } else {
            // From now on these are noted.
            _ = world.query(Read<Health>.self).changed(Health.self).added(Health.self)
            _ = world.query(Read<Label>.self).changed(Label.self).added(Label.self)
            _ = world.query(Read<Burning>.self).changed(Burning.self).added(Burning.self)
        }
        mark = world.changeMark()
        model.sinceMark = ModelWorld.History()
    }

    private mutating func clear() {
        world.clear()
        for entity in model.living { model.despawn(entity) }
    }
}
