import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

@testable import OrrerySync

/// Queries with a window: who is in it, at every tick, and how many match.
@Suite struct RankingTests {
    private let store: ComponentStore

    init() throws {
        store = ComponentStore(schemas: [
            try ComponentSchema(name: "A", type: .scalar(.int32)),
            try ComponentSchema(name: "B", type: .string),
            try ComponentSchema(name: "C", type: .scalar(.float)),
        ])
        store.advance(to: Tick(1))
    }

    private func tick(_ change: (Tick) -> Void) {
        store.advance(to: Tick(store.tick.rawValue + 1))
        change(store.tick)
    }

    private func spawn(_ row: UInt32) { store.spawn(Entity(index: row, generation: 1)) }

    private func set(_ value: Int32, of row: UInt32) {
        store[ColumnID(0)].set(row, to: withUnsafeBytes(of: value.littleEndian, Array.init), at: store.tick)
    }

    private func set(_ text: String, of row: UInt32) {
        store[ColumnID(1)].set(row, to: [UInt8(text.utf8.count)] + Array(text.utf8), at: store.tick)
    }

    private func hold(_ text: String, in table: inout QueryTable) throws -> QueryTable.Slot {
        table.hold(try Query(text, in: store.table), of: store)
    }

    private func members(_ slot: QueryTable.Slot, in table: QueryTable) -> [UInt32] {
        table[slot].ranking?.members.map(\.row) ?? []
    }

    private static let texts = [
        "A order by A limit 3", "A order by A desc limit 5 offset 20", "A, B? order by ~B, A desc limit 7",
        "A where A > 20 order by B limit 40 offset 130", "* limit 9", "A where A < 40 count", "* order by C limit 2",
        "C order by C desc, B limit 200", "A limit 4 offset 3", "A order by A limit 3 from 40v1",
        "A order by B desc, A limit 5 from 200v1", "* order by entity desc limit 3", "A where A > 3 limit 2 from 17v1",
    ]

    /// Everything that a table knows is compared with a naive evaluation at each tick.
    @Test(arguments: 0..<4 as Range<UInt64>, [[], ["A", "B", "C"]])
    func whoIsInTheWindowIsWhoComesThere(seed: UInt64, ordered: [String]) throws {
        var generator = SeededGenerator(seed: seed)
        let rows = (0..<600 as Range<UInt32>).map { $0 % 100 + $0 / 100 * UInt32(RowSet.pageRows) }
        let names = ["", "a", "A", "ab", "Ångström", "abcdefgh", "abcdefghi", "abcdefghI", "z"]
        var table = QueryTable(store.table, .testing(evaluatesInParts: seed % 2 == 1, orderedFields: ordered))
        for row in rows where generator.oneIn(2) { spawn(row) }
        let held = try Self.texts.map { try hold($0, in: &table) }
        var isRefilled = false
        for step in 0..<120 {
            for slot in held where step % 3 == 0 { _ = table.evaluateFurther(slot, in: store) }
            // Now and then nearly everything changes, or all who were first fall out.
            let count = step % 20 == 9 ? 500 : Int.random(in: 0...20, using: &generator)
            tick { tick in
                if step % 20 == 19 {
                    for row in rows where store[ColumnID(0)].contains(row) { set(100, of: row) }
                }
                for _ in 0..<count {
                    let row = rows.randomElement(using: &generator)!
                    switch Int.random(in: 0..<10, using: &generator) {
                    case 0 where store.entities.contains(row): store.despawn(Entity(index: row, generation: 1))
                    case _ where !store.entities.contains(row): spawn(row)
                    case 1: store[ColumnID(Int.random(in: 0..<3, using: &generator))].remove(row, at: tick)
                    case 2, 3: set(names.randomElement(using: &generator)!, of: row)
                    case 4:
                        let number = [Float.nan, -0, 0, 1, -1, .infinity].randomElement(using: &generator)!
                        store[ColumnID(2)].set(
                            row, to: withUnsafeBytes(of: number.bitPattern.littleEndian, Array.init), at: tick)
                    default: set(Int32.random(in: -50..<50, using: &generator), of: row)
                    }
                }
            }
            let tested = table[held[0]].testedCount
            table.advance(after: Tick(store.tick.rawValue - 1), in: store) { _ in }
            table.checkInvariants(held: held, sets: [], evaluatedAt: store.tick, in: store)
            for slot in held where table[slot].isFinished {
                let (entry, query) = (table[slot], table[slot].query)
                let matching = query.matching(in: store)
                #expect(entry.ranking?.extent.total == matching.count, "seed \(seed), step \(step)")
                // Where a window that follows an entity begins depends on what was.
                if case .entity = query.window?.start { continue }
                let expected = Array(query.members(of: matching, in: store).rows)
                #expect(
                    members(slot, in: table) == expected, "seed \(seed), step \(step): \(query.text(in: store.table))")
            }
            // More than those that changed and those that are in order.
            isRefilled = isRefilled || table[held[0]].testedCount - tested > (seed % 2 == 1 ? 600 : 700)
        }
        #expect((isRefilled || !ordered.isEmpty) && held.allSatisfy { table[$0].isFinished })
        #expect(held.count { table[$0].field != nil } == (ordered.isEmpty ? 0 : 4))
    }

    @Test func aWindowThatBeginsAtAnEntityStaysWhereThatWas() throws {
        for row in 0..<10 as Range<UInt32> {
            spawn(row)
            set(Int32(row) * 10, of: row)
        }
        var table = QueryTable(store.table)
        func advance(_ change: (Tick) -> Void) {
            tick(change)
            table.advance(after: Tick(store.tick.rawValue - 1), in: store) { _ in }
            table.checkInvariants(held: [slot], sets: [], evaluatedAt: store.tick, in: store)
        }
        let slot = try hold("A order by A limit 3 from 4v1", in: &table)
        func extent() -> Extent? { table[slot].ranking?.extent }
        #expect(members(slot, in: table) == [4, 5, 6] && extent() == Extent(total: 10))
        advance { _ in set(45, of: 1) }
        #expect(members(slot, in: table) == [4, 1, 5])
        // It moves, and the window moves with it.
        advance { _ in set(71, of: 4) }
        #expect(members(slot, in: table) == [4, 8, 9])
        // It is gone: others come and go around the place where it was.
        advance { _ in store.despawn(Entity(index: 4, generation: 1)) }
        #expect(members(slot, in: table) == [8, 9] && extent() == Extent(total: 9))
        advance { _ in set(72, of: 2) }
        #expect(members(slot, in: table) == [2, 8, 9])
        advance { _ in set(70, of: 2) }
        #expect(members(slot, in: table) == [8, 9])
        // Another entity of that index is somebody else.
        advance { _ in
            store.spawn(Entity(index: 4, generation: 2))
            set(1, of: 4)
        }
        #expect(members(slot, in: table) == [8, 9] && extent() == Extent(total: 10))
    }

    /// Who comes back after a lost connection finds the window where it was.
    @Test func aWindowStaysWhereItsEntityWasWhileNobodyLooks() throws {
        for row in 0..<10 as Range<UInt32> {
            spawn(row)
            set(Int32(row) * 10, of: row)
        }
        var table = QueryTable(store.table)
        let text = "A order by A limit 3 from 4v1"
        var slot = try hold(text, in: &table)
        tick { _ in store.despawn(Entity(index: 4, generation: 1)) }
        table.advance(after: Tick(store.tick.rawValue - 1), in: store) { _ in }
        table.release(slot, lostAt: .zero)
        tick { _ in set(45, of: 0) }
        slot = try hold(text, in: &table)
        #expect(members(slot, in: table) == [0, 5, 6] && table[slot].ranking?.extent == Extent(total: 9))
        // Whoever asks after that begins at the first.
        table.release(slot)
        slot = try hold(text, in: &table)
        #expect(members(slot, in: table) == [1, 2, 3])
        #expect(table[slot].ranking?.extent == Extent(total: 9, beginsAtItsEntity: false))
    }

    @Test func aWindowWhoseEntityHasNotMatchedBeginsAtTheFirst() throws {
        for row in 0..<6 as Range<UInt32> { spawn(row) }
        for row in 0..<3 as Range<UInt32> { set(Int32(row), of: row) }
        var table = QueryTable(store.table)
        let slot = try hold("A order by A limit 2 from 5v1", in: &table)
        #expect(members(slot, in: table) == [0, 1])
        #expect(table[slot].ranking?.extent == Extent(total: 3, beginsAtItsEntity: false))
        tick { _ in set(1, of: 5) }
        table.advance(after: Tick(store.tick.rawValue - 1), in: store) { _ in }
        #expect(members(slot, in: table) == [5, 2])
        #expect(table[slot].ranking?.extent == Extent(total: 4))
        #expect(table[slot].ranking?.extentTick == store.tick)
    }

    /// A change beyond the last row that is kept in order costs one look at its value.
    @Test func onlyWhoIsAmongTheFirstIsMoved() throws {
        for row in 0..<2000 as Range<UInt32> {
            spawn(row)
            set(Int32(row), of: row)
        }
        var table = QueryTable(store.table)
        let slot = try hold("A order by A limit 20", in: &table)
        /// - Returns: The rows that were looked at.
        func advance(_ rows: some Sequence<UInt32>, to value: Int32) -> UInt64 {
            let before = table[slot].testedCount
            tick { _ in for row in rows { set(value, of: row) } }
            table.advance(after: Tick(store.tick.rawValue - 1), in: store) { _ in }
            return table[slot].testedCount - before
        }
        let moved = stride(from: 500, to: 2000, by: 7) as StrideTo<UInt32>
        for step in 0..<50 as Range<Int32> {
            #expect(advance(moved, to: 1000 + step) <= Array(moved).count + 170)
            #expect(table[slot].membership?.newestJoin == Tick(1))
        }
        // All twenty fall out, again and again: the reserve takes their places.
        for step in 0..<6 as Range<UInt32> {
            #expect(advance(step * 20..<step * 20 + 20, to: 10_000) < 500, "the others are not looked at")
            #expect(members(slot, in: table) == Array(step * 20 + 20..<step * 20 + 40))
        }
        #expect(advance(120..<140, to: 10_000) > 2000, "then all are looked at")
        #expect(members(slot, in: table) == Array(140..<160))
    }

    /// Where nobody can look at all rows, a field that is registered as ordered says who comes first.
    @Test func aWindowAmongTooManyRowsNeedsAnOrderedField() throws {
        for row in 0..<1500 as Range<UInt32> {
            spawn(row)
            set(Int32(row) % 700, of: row)
            set("x", of: row)
        }
        let configuration = SyncServerConfiguration.testing(orderedFields: ["A"], windowRowCountMax: 1000)
        var table = QueryTable(store.table, configuration)
        let few = try hold("A, B where A < 400 order by B limit 3", in: &table)
        let many = try hold("A, B order by B, A limit 3", in: &table)
        let deep = try hold("A order by A desc, B limit 4 offset 1200", in: &table)
        let far = try hold("A where A >= 0 and not A = 3 order by A limit 2 offset 1100", in: &table)
        let without = try hold("A limit 3 offset 5", in: &table)
        #expect(table.unindexed == [many, far])
        // 1500 rows of 700 numbers: the first 100 numbers are there three times, the others twice.
        #expect(members(deep, in: table) == [99, 799, 1499, 98] && table[deep].testedCount == 1500)
        #expect(members(without, in: table) == [5, 6, 7] && members(few, in: table) == [0, 1, 2])
        for slot in [few, many, deep, far, without] { table.release(slot) }
        #expect(table.unindexed.isEmpty && table.count == 0)
    }

    /// The list of an ordered field grows and shrinks by pieces.
    @Test(arguments: 0..<4 as Range<UInt64>)
    func anOrderedFieldHasAllRowsInOrder(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let operand = try #require(try Query("* order by A", in: store.table).order.first?.operand)
        let field = OrderedField(operand, ColumnID(0), in: store.table)
        for row in 0..<3000 as Range<UInt32> {
            spawn(row)
            if generator.oneIn(2) { set(Int32.random(in: 0..<50, using: &generator), of: row) }
        }
        while !field.isComplete {
            field.build(1, in: store)
            field.checkInvariants(in: store)
        }
        for step in 0..<60 {
            tick { tick in
                for _ in 0..<Int.random(in: 0...400, using: &generator) {
                    let row = UInt32.random(in: 0..<3000, using: &generator)
                    if generator.oneIn(step < 30 ? 5 : 2) {
                        store[ColumnID(0)].remove(row, at: tick)
                    } else {
                        set(Int32.random(in: 0..<50, using: &generator), of: row)
                    }
                }
            }
            field.update(store[ColumnID(0)].changedRows(after: Tick(store.tick.rawValue - 1)), in: store)
            field.checkInvariants(in: store)
            let sorted = RowOrder([OrderKey(operand)], in: store.table).sorted(store[ColumnID(0)].rows, in: store)
            let start = Int.random(in: 0...sorted.count, using: &generator)
            let end = Int.random(in: start...sorted.count, using: &generator)
            for isBackwards in [false, true] {
                var found: [UInt32] = []
                field.forEach(in: start..<end, isBackwards: isBackwards) {
                    found.append($0.row)
                    return true
                }
                #expect(found == (isBackwards ? sorted[start..<end].reversed() : Array(sorted[start..<end])))
            }
            if start < sorted.count {
                let rank = field[start].rank
                #expect(field[start].row == sorted[start])
                #expect(field.place(ofRank: rank) <= start && start < field.place(afterRank: rank))
            }
        }
        #expect(field.count > 100)
    }
}
