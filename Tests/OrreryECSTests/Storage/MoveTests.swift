import OrreryECS
import OrrerySchema
import Testing

@Suite("Entities that gain and lose components keep the others")
struct MoveTests {
    /// Of every size that is copied in another way.
    private static let sizes: [any Moved.Type] = [
        Bytes<UInt8>.self, Bytes<Twice<UInt8>>.self, Bytes<Thrice<UInt8>>.self, Bytes<UInt32>.self,
        Bytes<FiveTimes<UInt8>>.self, Bytes<Thrice<UInt16>>.self, Bytes<SevenTimes<UInt8>>.self, Bytes<UInt64>.self,
        Bytes<FiveTimes<UInt16>>.self, Bytes<Thrice<UInt32>>.self, Bytes<SevenTimes<UInt16>>.self,
        Bytes<Twice<UInt64>>.self,
        Bytes<FiveTimes<UInt32>>.self, Bytes<Thrice<UInt64>>.self, Bytes<SevenTimes<UInt32>>.self,
        Bytes<FiveTimes<UInt64>>.self,
        Bytes<Twice<Twice<Twice<UInt64>>>>.self, Bytes<Twice<Twice<Twice<Twice<UInt64>>>>>.self,
        Bytes<SevenTimes<Thrice<UInt64>>>.self,
        Frozen.self, Label.self,
    ]

    /// Few components, so that the same edges are gone along often, in tables that swing around the ends of chunks and
    /// pages.
    @Test(arguments: testSeeds())
    func valuesOfAnySize(seed: UInt64) throws {
        print("OrreryECS moves: rerun with ORRERY_SEED=\(seed)")
        var random = SeededGenerator(seed: seed)
        for round in 0..<24 {
            let types = Array(Self.sizes.shuffled(using: &random).prefix(4))
            try move(types, isTracked: round % 4 == 3, &random)
        }
    }

    /// Two columns of the same size share their sums.
    @Test(arguments: testSeeds())
    func valuesOfEqualSizes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let types: [any Moved.Type] = [
            Bytes<Thrice<UInt32>>.self, Position.self, Velocity.self, Health.self, Bytes<UInt32>.self,
        ]
        for _ in 0..<4 { try move(types, isTracked: false, &random) }
    }

    private func move(_ types: [any Moved.Type], isTracked: Bool, _ random: inout SeededGenerator) throws {
        let world = World()
        if isTracked { for type in types.prefix(2) { type.track(in: world) } }
        var numbers: [Entity: [Int?]] = [:]
        var entities: [Entity] = []
        for step in 0..<3000 {
            if entities.count < 10 || random.chance(step < 1500 ? 3 : 1, in: 8), entities.count < 700 {
                let entity = world.spawn()
                entities.append(entity)
                numbers[entity] = Array(repeating: nil, count: types.count)
            } else if random.chance(1, in: 6) {
                let entity = entities.remove(at: Int.random(in: entities.indices, using: &random))
                numbers[entity] = nil
                try world.despawn(entity)
            } else {
                let entity = try #require(entities.randomElement(using: &random))
                let position = Int.random(in: types.indices, using: &random)
                if let number = numbers[entity]?[position], random.chance(1, in: 2) {
                    let removed = try types[position].remove(from: entity, of: world, expecting: number)
                    try #require(removed, "\(types[position])")
                    numbers[entity]?[position] = nil
                } else {
                    try types[position].insert(step, on: entity, of: world)
                    numbers[entity]?[position] = step
                }
            }
            if step % 300 == 299 { try expect(numbers, types, world) }
        }
    }

    private func expect(_ numbers: [Entity: [Int?]], _ types: [any Moved.Type], _ world: World) throws {
        world._checkInvariants()
        for (entity, numbers) in numbers {
            for (type, number) in zip(types, numbers) {
                let isThere = type.isThere(on: entity, of: world, expecting: number)
                try #require(isThere, "\(type) of \(types)")
            }
        }
    }

    /// One entity of a few hundred walks through a table that is full but for some rows, and back.
    @Test func atTheEndOfEveryChunk() throws {
        for rowCount in [40...64, 250...256, 1020...1024, 4090...4100].joined() {
            let world = World()
            let still = (0..<rowCount - 1).map {
                world.spawn(Bytes<UInt8>(number: $0), Position(x: Float($0)), Frozen())
            }
            let moving = try (0..<3).map { number in
                let entity = world.spawn(Bytes<UInt8>(number: 77), Position(x: -1))
                try world.insert(Velocity(x: Float(number)), on: entity)
                return entity
            }
            for entity in moving {
                try world.remove(Velocity.self, from: entity)
                try world.insert(Frozen(), on: entity)
            }
            for entity in moving { try world.remove(Frozen.self, from: entity) }
            world._checkInvariants()
            for (number, entity) in still.enumerated() {
                try #require(world[entity, Bytes<UInt8>.self] == Bytes(number: number), "of \(rowCount)")
                try #require(world[entity, Position.self]?.x == Float(number), "of \(rowCount)")
            }
            #expect(moving.allSatisfy { world[$0, Position.self]?.x == -1 })
        }
    }

    /// Each is known of a way that entities have gone before.
    @Test func whoBeginsToListenLaterHearsOfMoves() throws {
        let world = World()
        let entities = (0..<10).map { world.spawn(Position(x: Float($0)), Health(current: Int32($0))) }
        func moveAll() throws {
            for entity in entities {
                try world.insert(Mass(kilograms: 1), on: entity)
                try world.remove(Mass.self, from: entity)
            }
            world._checkInvariants()
        }
        try moveAll()
        var toldCount = 0
        let observer = world.observe(Mass.self) { _ in toldCount += 1 }
        try moveAll()
        #expect(toldCount == 2 * entities.count)
        world.endObserver(observer)
        try moveAll()
        #expect(toldCount == 2 * entities.count)

        let log = ChangeLog()
        for type in [Mass.self, Health.self] as [any Component.Type] { world.track(type) }
        world.drainChanges(into: log)
        try world.insert(Mass(), on: entities[3])
        world.drainChanges(into: log)
        #expect(log[world.register(Mass.self)].map { Array($0.entities) } == [entities[3]])
        try world.update(entities[4], Health.self) { $0.current = -1 }
        try moveAll()
        world.drainChanges(into: log)
        #expect(log[world.register(Health.self)].map { Array($0.entities) } == [entities[4]])
        #expect(log.removed.map(\.entity) == [entities[3]])
        world.forgetChangeReader()
        try moveAll()
        for (number, entity) in entities.enumerated() {
            #expect(world[entity, Position.self]?.x == Float(number) && world[entity, Mass.self] == nil)
        }
    }

    /// Growing the directory of pages moves what a look-up has found.
    @Test func manyTablesGrowByMoves() throws {
        let world = World()
        let entities = (0..<200).map { world.spawn(Health(current: Int32($0))) }
        for (number, entity) in entities.enumerated() {
            if number & 1 != 0 { try world.insert(Position(x: Float(number)), on: entity) }
            if number & 2 != 0 { try world.insert(Velocity(x: Float(number)), on: entity) }
            if number & 4 != 0 { try world.insert(Label(text: "\(number)"), on: entity) }
            if number & 8 != 0 { try world.insert(Frozen(), on: entity) }
            if number & 16 != 0 { try world.insert(Mass(kilograms: Double(number)), on: entity) }
            if number & 32 != 0 { try world.insert(Bytes<UInt8>(number: number), on: entity) }
        }
        world._checkInvariants()
        for (number, entity) in entities.enumerated() {
            #expect(world[entity, Health.self]?.current == Int32(number))
            #expect(world[entity, Label.self]?.text == (number & 4 == 0 ? nil : "\(number)"))
            #expect(world[entity, Mass.self]?.kilograms == (number & 16 == 0 ? nil : Double(number)))
        }
    }
}

/// A component whose values are made from numbers.
private protocol Moved: Component, Equatable {
    init(number: Int)
}

extension Moved {
    static func track(in world: World) { world.track(Self.self) }

    static func insert(_ number: Int, on entity: Entity, of world: World) throws {
        try world.insert(Self(number: number), on: entity)
    }

    /// - Returns: Whether it was the value of the number.
    static func remove(from entity: Entity, of world: World, expecting number: Int) throws -> Bool {
        try world.remove(Self.self, from: entity) == Self(number: number)
    }

    /// Whether an entity has the value of a number, or none.
    static func isThere(on entity: Entity, of world: World, expecting number: Int?) -> Bool {
        world[entity, Self.self] == number.map { Self(number: $0) }
    }
}

extension Bytes: Moved {}

extension Position: Moved {
    init(number: Int) { self.init(x: Float(number), y: 2, z: Float(-number)) }
}

extension Velocity: Moved {
    init(number: Int) { self.init(x: Float(-number), y: 1, z: Float(number)) }
}

extension Health: Moved {
    init(number: Int) { self.init(current: Int32(number)) }
}

extension Frozen: Moved {
    init(number: Int) { self.init() }
}

extension Label: Moved {
    init(number: Int) { self.init(text: "a label of some length, number \(number)") }
}
