import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

@testable import OrrerySync

/// Queries are found by the values of fields, where there are many and little changes.
@Suite struct FieldIndexTests {
    private let store: ComponentStore
    private static let rowCount: UInt32 = 1000

    init() throws {
        store = ComponentStore(schemas: [
            try ComponentSchema(name: "Level", type: .scalar(.int32)),
            try ComponentSchema(name: "Speed", type: .scalar(.float)),
            try ComponentSchema(name: "Name", type: .string),
        ])
        for row in 0..<Self.rowCount { store.spawn(Entity(index: row, generation: 1)) }
        for row in 0..<Self.rowCount { setLevel(of: row, to: Int32(row % 1000)) }
    }

    private func setLevel(of row: UInt32, to value: Int32) {
        store[ColumnID(0)].set(row, to: withUnsafeBytes(of: value.littleEndian, Array.init), at: store.tick)
    }

    private func hold(_ text: String, in table: inout QueryTable) throws -> QueryTable.Slot {
        table.hold(try Query(text, in: store.table), of: store)
    }

    /// The world goes on by a tick.
    /// - Parameter checks: Whether all that the table knows is checked, with the members of all queries.
    /// - Returns: How many queries were evaluated.
    @discardableResult
    private func tick(
        _ table: inout QueryTable, _ held: [QueryTable.Slot], checks: Bool = true, _ change: () -> Void
    ) -> Int {
        let before = (count: table.evaluationCount, tick: store.tick)
        store.advance(to: Tick(store.tick.rawValue + 1))
        change()
        table.advance(after: before.tick, in: store) { _ in }
        if checks { table.checkInvariants(held: held, sets: [], evaluatedAt: store.tick, in: store) }
        return table.evaluationCount - before.count
    }

    @Test func whoIsNotConcernedCostsNothing() throws {
        var table = QueryTable(store.table)
        var held = try (0..<500).map { try hold("Level where Level in \($0 * 2)..\($0 * 2 + 1)", in: &table) }
        held.append(try hold("Level where Level < 10 or Level > 990 or Level in (500, 600)", in: &table))
        // Until it has paid to keep keys, each looks at what changed.
        var ticks = 0
        repeat {
            ticks += 1
            try #require(ticks < 1000)
        } while tick(&table, held, { setLevel(of: 0, to: Int32(ticks % 2)) }) > 2
        #expect(tick(&table, held) { setLevel(of: 20, to: 21) } == 1, "stays in one")
        #expect(tick(&table, held) { setLevel(of: 20, to: 300) } == 2, "from one to another")
        #expect(tick(&table, held) { setLevel(of: 20, to: 500) } == 3)
        #expect(tick(&table, held) { setLevel(of: 20, to: 5000) } == 2)
        #expect(tick(&table, held) { setLevel(of: 20, to: 6000) } == 1, "known to none but the one without an end")
        #expect(tick(&table, held) { store.despawn(Entity(index: 30, generation: 1)) } == 1)
        #expect(
            tick(&table, held) {
                store.spawn(Entity(index: 30, generation: 2))
                setLevel(of: 30, to: 30)
            } == 1)
        #expect(tick(&table, held) { for row in 0..<Self.rowCount { setLevel(of: row, to: 7) } } == 501)
        #expect(table[held[3]].membership?.members.count == Int(Self.rowCount))
    }

    @Test func aQueryThatJoinsIsFoundToo() throws {
        var table = QueryTable(store.table)
        var held = try (0..<100).map { try hold("Level where Level = \($0)", in: &table) }
        while tick(&table, held, { setLevel(of: 0, to: Int32(store.tick.rawValue + 1) % 2) }) > 2 {}
        // The world goes on, and is not evaluated, when it comes.
        store.advance(to: Tick(store.tick.rawValue + 1))
        setLevel(of: 50, to: 5000)
        held.append(try hold("Level where Level > 4000", in: &table))
        let last = store.tick
        store.advance(to: Tick(last.rawValue + 1))
        setLevel(of: 50, to: 0)
        table.advance(after: Tick(last.rawValue - 1), in: store) { _ in }
        table.checkInvariants(held: held, sets: [], evaluatedAt: store.tick, in: store)
        #expect(table[held[100]].membership?.members.isEmpty == true)
    }

    /// Queries come and go while the world changes a little, and sometimes much.
    @Test(arguments: 0..<10 as Range<UInt64>)
    func membersAgree(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var table = QueryTable(store.table)
        var held: [QueryTable.Slot] = []
        var fewest = Int.max
        for step in 0..<150 {
            for _ in 0..<(step == 0 ? 60 : Int.random(in: 0..<3, using: &generator)) {
                held.append(try hold(text(&generator), in: &table))
            }
            if held.count > 80 {
                table.release(held.remove(at: Int.random(in: 0..<held.count, using: &generator)))
            }
            let changeCount = Int.random(in: 0..<30, using: &generator) == 0 ? 2000 : step % 5
            let evaluated = tick(&table, held, checks: step % 8 == 7 || changeCount > 10) {
                for _ in 0..<changeCount { changeRow(&generator) }
            }
            if changeCount > 0 { fewest = min(fewest, evaluated) }
        }
        #expect(fewest < 30, "seed \(seed): most queries were not looked at")
    }

    private func text(_ generator: inout SeededGenerator) -> String {
        func value() -> Int { Int.random(in: 0..<40, using: &generator) }
        return switch Int.random(in: 0..<8, using: &generator) {
        case 0: "Level where Level = \(value())"
        case 1: "Level, Speed? where Level in \(value())..\(value())"
        case 2: "* where Level > \(value()) and Level < \(value())"
        case 3: "Speed where Speed >= \(value()).5 and Level != \(value())"
        case 4: "Level where Level = \(value()) or Speed = \(value())"
        case 5: "Level, !Name where Level in (\(value()), \(value()), \(value()))"
        case 6: "Name where Name = \"\(value())\""
        default: "* where Name = \"\(value())\" or not Speed < \(value())"
        }
    }

    private func changeRow(_ generator: inout SeededGenerator) {
        let row = UInt32.random(in: 0..<200, using: &generator)
        let column = ColumnID(Int.random(in: 0..<3, using: &generator))
        let number = Int32.random(in: -1..<40, using: &generator)
        guard let entity = store.entity(at: row) else {
            store.spawn(Entity(index: row, generation: UInt32(store.tick.rawValue)))
            return
        }
        switch (Int.random(in: 0..<12, using: &generator), column.rawValue) {
        case (0, _): store.despawn(entity)
        case (1, _): store[column].remove(row, at: store.tick)
        case (_, 0): setLevel(of: row, to: number)
        case (_, 1):
            let speed = Float(number) / 2
            store[column].set(row, to: withUnsafeBytes(of: speed.bitPattern.littleEndian, Array.init), at: store.tick)
        default:
            let text = Array("\(number)".utf8)
            store[column].set(row, to: [UInt8(text.count)] + text, at: store.tick)
        }
    }

    /// What is noted at the rows is what became of the members: clients are told from there.
    @Test(arguments: 0..<10 as Range<UInt64>)
    func whatIsNotedIsWhatHappened(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var table = QueryTable(store.table, .testing(fieldsAreAlwaysUsed: true, evaluatesInParts: true))
        var held: [QueryTable.Slot] = []
        var noted: [UInt8: Int] = [:]
        for step in 0..<200 {
            if step % 20 == 0, held.count < 3 {
                held.append(
                    try hold(
                        ["Level where Level < 5", "Level, Speed?, !Name where Level in 3..9", "Level where Level = 7"][
                            held.count], in: &table))
            }
            let before = held.map { table[$0].membership?.members ?? [] }
            let wasFinished = held.map { table[$0].isFinished }
            tick(&table, held) { for _ in 0..<4 { changeSomebody(&generator) } }
            for (position, slot) in held.enumerated() {
                let rows = table.rows(concerning: slot, after: Tick(store.tick.rawValue - 1), in: store)
                guard wasFinished[position] else {
                    #expect(rows == nil, "seed \(seed), step \(step): not all of it was looked at")
                    continue
                }
                let (old, new) = (before[position], table[slot].membership?.members ?? [])
                for row in try #require(rows, "seed \(seed), step \(step)") {
                    let was = old.first { $0.index == row.row }
                    let outcome = expected(was, new.first { $0.index == row.row })
                    #expect(row.outcome == outcome, "seed \(seed), step \(step), row \(row.row)")
                    noted[outcome.rawValue, default: 0] += 1
                }
                let moved = Set(old).symmetricDifference(new).map(\.index)
                #expect(Set(moved).isSubset(of: Set(rows?.map(\.row) ?? [])), "seed \(seed), step \(step)")
            }
            if step % 3 == 0 { for slot in held { _ = table.evaluateFurther(slot, in: store) } }
        }
        typealias Outcome = ConcernedRow.Outcome
        for outcome in [.joined, .left, .died, .stayed, [.died, .joined]] as [Outcome] {
            #expect(noted[outcome.rawValue, default: 0] > 0, "\(outcome) has happened")
        }
    }

    private func expected(_ old: Entity?, _ new: Entity?) -> ConcernedRow.Outcome {
        guard old != new else { return old == nil ? [] : .stayed }
        var outcome: ConcernedRow.Outcome = new == nil ? [] : .joined
        if let old { outcome.insert(store.contains(old) ? .left : .died) }
        return outcome
    }

    private func changeSomebody(_ generator: inout SeededGenerator) {
        let row = UInt32.random(in: 0..<20, using: &generator)
        let entity = store.entity(at: row)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: if let entity { store.despawn(entity) }
        case 1: store.spawn(Entity(index: row, generation: (entity?.generation ?? UInt32(store.tick.rawValue)) + 1))
        case 2: if entity != nil { store[ColumnID(2)].set(row, to: [], at: store.tick) }
        case 3: store[ColumnID(2)].remove(row, at: store.tick)
        default: break
        }
        guard store.entity(at: row) != nil else { return }
        setLevel(of: row, to: Int32.random(in: 0..<12, using: &generator))
    }
}
