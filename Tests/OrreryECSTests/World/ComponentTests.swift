import OrreryECS
import OrrerySchema
import Testing

@Suite("Components are inserted, changed and removed")
struct ComponentTests {
    @Test func insertionAddsAndReplaces() throws {
        let world = World()
        let entity = world.spawn(Position(x: 1))
        try world.insert(Label(text: "a"), on: entity)
        try world.insert(Label(text: "b"), on: entity)
        #expect(world[entity, Position.self]?.x == 1)
        #expect(world[entity, Label.self]?.text == "b")
        world._checkInvariants()
    }

    @Test func removalReturnsTheValue() throws {
        let world = World()
        let entity = world.spawn(Position(x: 1), Label(text: "a"), Frozen())
        #expect(try world.remove(Label.self, from: entity) == Label(text: "a"))
        #expect(try world.remove(Label.self, from: entity) == nil)
        #expect(try world.remove(Frozen.self, from: entity) == Frozen())
        #expect(world[entity, Label.self] == nil)
        #expect(world[entity, Position.self]?.x == 1)
        world._checkInvariants()
    }

    @Test func updateAndSetChangeTheValue() throws {
        let world = World()
        let entity = world.spawn(Health(current: 1))
        let old = try world.update(entity, Health.self) { health in
            defer { health.current += 1 }
            return health.current
        }
        #expect(old == 1)
        #expect(world[entity, Health.self]?.current == 2)
        try world.set(Health(current: 9), on: entity)
        #expect(world[entity, Health.self]?.current == 9)
        try world.updateUnmarked(entity, Health.self) { $0.current = 10 }
        #expect(world[entity, Health.self]?.current == 10)
    }

    @Test func missingComponentIsATypedError() throws {
        let world = World()
        let entity = world.spawn(Position())
        #expect { try world.set(Health(), on: entity) } throws: {
            ($0 as? WorldError)?.code == .componentMissing && ($0 as? WorldError)?.componentName == "Health"
        }
        #expect { try world.update(entity, Health.self) { $0.current = 1 } } throws: {
            ($0 as? WorldError)?.code == .componentMissing
        }
    }

    /// Tables have room for 64 component types at first.
    @Test func aHundredTypes() throws {
        let world = World()
        let entities = (0..<100).map { world.spawn(Position(x: Float($0))) }
        try world.insert(Burning(seconds: 3), on: entities[7])
        let positions = world.accessor(Position.self)
        let query = world.query(Write<Position>.self)
        func insert<A: Digit, B: Digit>(_: A.Type, _: B.Type) throws {
            let value = A.digit * 10 + B.digit
            try world.insert(Numbered<A, B>(value: value), on: entities[value])
            #expect(world[entities[value], Numbered<A, B>.self]?.value == value)
            #expect(world.query(Read<Numbered<A, B>>.self).entities == [entities[value]])
        }
        for first in digits {
            for second in digits { try insert(first, second) }
        }
        world._checkInvariants()
        query.forEach { $0.x += 1 }
        #expect(entities.indices.allSatisfy { positions[entities[$0]]?.x == Float($0) + 1 })
        #expect(world[entities[7], Burning.self]?.seconds == 3)
        #expect(world.has(Numbered<Zero, Seven>.self, on: entities[7]))
    }

    @Test func accessorFollowsTheWorld() throws {
        let world = World()
        let healths = world.accessor(Health.self)
        let entities = (0..<9000).map { world.spawn(Health(current: Int32($0))) }
        #expect(entities.enumerated().allSatisfy { healths[$1]?.current == Int32($0) })
        try healths.update(entities[8500]) { $0.current = -1 }
        try healths.set(Health(current: -2), on: entities[7])
        #expect(world[entities[8500], Health.self]?.current == -1)
        #expect(world[entities[7], Health.self]?.current == -2)
        try world.despawn(entities[0])
        #expect(healths[entities[0]] == nil)
        #expect(!healths.contains(entities[0]) && healths.contains(entities[1]))
        #expect { try healths.set(Health(), on: entities[0]) } throws: { ($0 as? WorldError)?.code == .entityDead }
    }

    @Test func rowsKeepTheirValuesAcrossChunks() throws {
        let world = World()
        var entities = (0..<5000).map { world.spawn(Health(current: Int32($0)), Label(text: "\($0)")) }
        for index in stride(from: 4999, through: 0, by: -3) {
            try world.despawn(entities.remove(at: index))
        }
        for (index, entity) in entities.enumerated() where index % 2 == 0 { try world.insert(Frozen(), on: entity) }
        for entity in entities {
            #expect(world[entity, Label.self]?.text == world[entity, Health.self].map { "\($0.current)" })
        }
        world._checkInvariants()
        for entity in entities { try world.despawn(entity) }
        #expect(world.entityCount == 0)
        world._checkInvariants()
    }

    @Test func structureStandsStillDuringAnUpdate() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let world = World()
            let entity = world.spawn(Health())
            try world.update(entity, Health.self) { _ in _ = world.spawn() }
        }
        #expect(stderr(result).contains("cannot spawn while a query iterates or an update runs"))
    }

    @Test func componentsByNumberAndAddress() throws {
        let world = World()
        let health = world.register(Health.self)
        let label = world.register(Label.self)
        let frozen = world.register(Frozen.self)
        #expect(world.register(Health.self) == health)
        let entity = world.spawn()
        try withUnsafePointer(to: Health(current: 5)) { try world.insert(health, copying: $0, on: entity) }
        try withUnsafePointer(to: Label(text: "a")) { try world.insert(label, copying: $0, on: entity) }
        try withUnsafePointer(to: Frozen()) { try world.insert(frozen, copying: $0, on: entity) }
        #expect(world[entity, Health.self]?.current == 5)
        try withUnsafePointer(to: Label(text: "b")) { try world.set(label, copying: $0, on: entity) }
        try withUnsafePointer(to: Health(current: 6)) { try world.insert(health, copying: $0, on: entity) }
        #expect(world[entity, Label.self]?.text == "b")
        #expect(world.withValue(health, of: entity) { $0.load(as: Health.self).current } == 6)
        #expect(world.has(frozen, on: entity))
        #expect(try world.remove(label, from: entity))
        #expect(try !world.remove(label, from: entity))
        #expect(world.withValue(label, of: entity) { _ in true } == nil)
        #expect { try world.set(label, copying: "", on: entity) } throws: {
            ($0 as? WorldError)?.code == .componentMissing
        }
        #expect { try world.remove(label, from: .none) } throws: { ($0 as? WorldError)?.code == .entityDead }
        let description = world.components
        #expect(description.map(\.name) == ["Health", "Label", "Frozen"])
        #expect(description.map(\.stride) == [4, 16, 0])
        #expect(description.map(\.isBitwise) == [true, false, true])
        world._checkInvariants()
    }

    @Test func resourcesAreKeptByType() throws {
        let world = World()
        #expect(world.resource(Int.self) == nil)
        #expect { try world.withResource(Int.self) { $0 += 1 } } throws: {
            ($0 as? WorldError)?.code == .resourceMissing
        }
        world.insertResource(1)
        world.insertResource("a")
        try world.withResource(Int.self) { $0 += 1 }
        #expect(world.resource(Int.self) == 2)
        #expect(world.resource(String.self) == "a")
        #expect(world.removeResource(Int.self) == 2)
        #expect(world.resource(Int.self) == nil)
    }
}

private protocol Digit: Sendable { static var digit: Int { get } }
private enum Zero: Digit { static var digit: Int { 0 } }
private enum One: Digit { static var digit: Int { 1 } }
private enum Two: Digit { static var digit: Int { 2 } }
private enum Three: Digit { static var digit: Int { 3 } }
private enum Four: Digit { static var digit: Int { 4 } }
private enum Five: Digit { static var digit: Int { 5 } }
private enum Six: Digit { static var digit: Int { 6 } }
private enum Seven: Digit { static var digit: Int { 7 } }
private enum Eight: Digit { static var digit: Int { 8 } }
private enum Nine: Digit { static var digit: Int { 9 } }

private let digits: [any Digit.Type] = [
    Zero.self, One.self, Two.self, Three.self, Four.self, Five.self, Six.self, Seven.self, Eight.self, Nine.self,
]

/// A component type for each pair of digits.
private struct Numbered<A: Digit, B: Digit>: Component {
    var value = 0
    static var componentName: String { "Numbered\(A.digit)\(B.digit)" }
}
