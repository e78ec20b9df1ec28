// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

@Suite("Tables grow and shrink, and every row keeps its values")
struct TableTests {
    /// Around each length of a chunk, and around the end of the first long one.
    private static let borders = [64, 256, 1024, 4096, 16_384, 65_536, 131_072]

    /// Up past every border and down again, one by one.
    @Test func rowsKeepTheirValuesWhereChunksBeginAndEnd() throws {
        let world = World()
        world.track(Health.self)
        let near = Set(Self.borders.flatMap { [$0 - 1, $0, $0 + 1] })
        var entities: [Entity] = []
        for number in 0...131_073 {
            entities.append(world.spawn(Health(current: Int32(number)), Position(x: Float(number)), Frozen()))
            if near.contains(entities.count) { try expectValues(world, entities) }
        }
        // The first goes and the last takes its place, so that rows move as well.
        let shrinking = near.union(Self.borders.flatMap { [$0 / 16, $0 / 2, $0 + $0 / 2] })
        while entities.count > 1 {
            try world.despawn(entities[0])
            entities.swapAt(0, entities.count - 1)
            entities.removeLast()
            if shrinking.contains(entities.count) { try expectValues(world, entities) }
        }
    }

    private func expectValues(_ world: World, _ entities: [Entity]) throws {
        world._checkInvariants()
        // Apart, so that not all of them are printed.
        let areEqual = entities.allSatisfy { entity in
            world[entity, Health.self].map { world[entity, Position.self]?.x == Float($0.current) } ?? false
        }
        try #require(areEqual, "of \(entities.count)")
        var visited: [Entity] = []
        world.query(Read<Health>.self).forEachEntity { entity, _ in visited.append(entity) }
        try #require(Set(visited) == Set(entities), "of \(entities.count)")
    }

    /// Rows of a kilobyte lie in chunks of 4096, whatever their number.
    @Test func longRowsLieInShorterChunks() throws {
        let world = World()
        let entities = try world.spawn(
            columns: (0..<20_000).map { Kilobyte(number: $0) }, (0..<20_000).map { Label(text: "\($0)") })
        var counts: [Int] = []
        world.query(Read<Kilobyte>.self).forEachChunk { rows, _ in counts.append(rows.count) }
        #expect(counts == [4096, 4096, 4096, 4096, 3616])
        for entity in entities[..<15_000] { try world.despawn(entity) }
        world._checkInvariants()
        for (number, entity) in entities.enumerated() where number >= 15_000 {
            #expect(world[entity, Kilobyte.self] == Kilobyte(number: number))
            #expect(world[entity, Label.self]?.text == "\(number)")
        }
    }

    @Test func halfAKilobyteIsBetween() throws {
        let world = World()
        let entities = try world.spawn(columns: (0..<40_000).map { HalfKilobyte(number: $0) })
        var counts: [Int] = []
        world.query(Write<HalfKilobyte>.self).forEachChunk { rows, values in
            counts.append(rows.count)
            for row in rows.indices { values[row] = HalfKilobyte(number: Int(rows.entities[row].index) + 1) }
        }
        #expect(counts == [16_384, 16_384, 7232])
        for entity in entities {
            #expect(world[entity, HalfKilobyte.self] == HalfKilobyte(number: Int(entity.index) + 1))
        }
        world._checkInvariants()
    }

    /// A count that swings around every border.
    @Test func comingAndGoingAtTheBorders() throws {
        let ledger = Counted.Ledger()
        do {
            let world = World()
            var entities: [Entity] = []
            for border in Self.borders[...5] {
                while entities.count < border { entities.append(world.spawn(Counted(ledger), Mass())) }
                for round in 0..<6 {
                    for _ in 0..<round { entities.append(world.spawn(Counted(ledger), Mass())) }
                    for _ in 0..<2 * round { try world.despawn(entities.removeLast()) }
                    for _ in 0..<round { entities.append(world.spawn(Counted(ledger), Mass())) }
                }
                world._checkInvariants()
                #expect(ledger.living == border && world.entityCount == border)
            }
            world.clear()
            #expect(ledger.living == 0)
            world._checkInvariants()
            world.spawn(Counted(ledger), Mass())
            world._checkInvariants()
        }
        #expect(ledger.living == 0)
    }
}
