import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

@testable import OrrerySync

/// Queries by their form, counted by who has them, and found from what changes.
@Suite struct QueryTableTests {
    private let store: ComponentStore
    private let ship = Entity(index: 3, generation: 1)

    init() throws {
        store = ComponentStore(schemas: try (0..<3).map { try ComponentSchema(name: "C\($0)", type: .scalar(.int32)) })
    }

    private func query(_ text: String, _ entities: [Entity]? = nil) throws -> Query {
        try Query(text, entities: entities, in: store.table)
    }

    /// The sets that are found for the changes of a tick.
    private func found(_ table: inout QueryTable, after tick: Tick) -> Set<Int> {
        var sets: Set<Int> = []
        table.advance(after: tick, in: store) { sets.insert($0) }
        return sets
    }

    /// The world goes on by a tick.
    private func tick(_ change: (Tick) -> Void) {
        store.advance(to: Tick(store.tick.rawValue + 1))
        change(store.tick)
    }

    private func set(_ column: Int, of row: UInt32, to value: UInt8, at tick: Tick) {
        store[ColumnID(column)].set(row, to: [value, 0, 0, 0], at: tick)
    }

    @Test func aQueryIsThereOnceAndLastsWhileSomebodyHasIt() throws {
        var table = QueryTable(store.table)
        let slot = table.hold(try query("C0 | C1"), of: store)
        #expect(try table.hold(query("C1|C0"), of: store) == slot, "the same in other words")
        let other = table.hold(try query("C0"), of: store)
        #expect(other != slot && table.count == 2)
        let number = table[other].number
        table.release(slot)
        #expect(try table.count == 2 && table[slot].query == query("C0 | C1"))
        table.release(slot)
        #expect(table.count == 1)
        #expect(try table.hold(query("*"), of: store) == slot, "the slot is used again")
        #expect(table[slot].number > number, "its number is not")
    }

    @Test func whatAClientIsTold() throws {
        var table = QueryTable(store.table)
        func granted(_ text: String, _ entities: [Entity]? = nil) throws -> (Selection.Shown, Bool) {
            let slot = table.hold(try query(text, entities), of: store)
            return (table[slot].granted.shown, table[slot].granted.tellsMembers)
        }
        #expect(try granted("*") == (.all, false))
        #expect(try granted("C2 | C0") == (.listed([ColumnID(0), ColumnID(2)]), false))
        #expect(try granted("C0, C2") == (.listed([ColumnID(0), ColumnID(2)]), true))
        #expect(try granted("", [ship]) == (.all, true))
        #expect(try granted("with C0, C1?") == (.listed([ColumnID(1)]), true))
        #expect(try granted("* where C0 = 1") == (.all, true))
    }

    @Test func aChangeLeadsToTheSetsThatReadIt() throws {
        var (table, sets) = (QueryTable(store.table), QuerySetTable())
        let texts = ["C0", "*", "C1 where C0 > 5", "C0, !C2"]
        let slots = try texts.map { table.hold(try query($0), of: store) }
        let listed = table.hold(try query("C0?, C1?", [ship]), of: store)
        let positions = (slots + [listed]).map { sets.move(from: nil, adding: [$0], at: .zero, in: &table) ?? -1 }
        func names(after tick: Tick) -> [Int] {
            found(&table, after: tick).map { positions.firstIndex(of: $0)! }.sorted()
        }
        #expect(names(after: .zero).isEmpty)
        tick { _ in store.spawn(Entity(index: 7, generation: 1)) }
        #expect(names(after: Tick(0)) == [1], "a birth, of nobody who is listed")
        tick { set(0, of: 7, to: 1, at: $0) }
        #expect(names(after: Tick(1)) == [0, 1, 3, 4], "all that show it")
        tick { set(1, of: 7, to: 1, at: $0) }
        #expect(names(after: Tick(2)) == [1, 2, 4])
        tick { set(0, of: 7, to: 9, at: $0) }
        #expect(names(after: Tick(3)) == [0, 1, 2, 3, 4], "a condition that does not show it")
        tick { set(2, of: 7, to: 1, at: $0) }
        #expect(names(after: Tick(4)) == [1, 3], "who goes is told")
        #expect(names(after: Tick(5)).isEmpty)
    }

    @Test func eachQueryIsEvaluatedOnceAndOnlyIfItMayHaveChanged() throws {
        var table = QueryTable(store.table)
        for text in ["C1 where C0 > 5", "C1 where C0 > 5 and C1 = 2", "C2 where C2 = 1", "C0"] {
            _ = table.hold(try query(text), of: store)
            _ = table.hold(try query(text), of: store)
        }
        #expect(table.evaluationCount == 3, "at the beginning, but for the plain one")
        func evaluations(_ change: (Tick) -> Void) -> Int {
            let before = table.evaluationCount
            tick(change)
            table.advance(after: Tick(store.tick.rawValue - 1), in: store) { _ in }
            return table.evaluationCount - before
        }
        #expect(evaluations { _ in store.spawn(ship) } == 0, "a birth changes none of them")
        #expect(evaluations { set(0, of: 3, to: 9, at: $0) } == 2)
        #expect(evaluations { set(1, of: 3, to: 2, at: $0) } == 2)
        #expect(evaluations { set(2, of: 3, to: 2, at: $0) } == 1)
        #expect(evaluations { _ in } == 0)
        #expect(table[0].membership?.members == [ship] && table[1].membership?.members == [ship])
    }

    @Test func whoIsAloneInASetChangesItAndOthersAreNotMoved() throws {
        var (table, sets) = (QueryTable(store.table), QuerySetTable())
        let slots = try ["C0", "*", "C1 where C0 = 1"].map { table.hold(try query($0), of: store) }
        let first = sets.move(from: nil, adding: [slots[0]], at: Tick(1), in: &table)
        #expect(sets.move(from: first, adding: [slots[2]], at: Tick(2), in: &table) == first, "alone: in place")
        let second = sets.move(from: nil, adding: [slots[0], slots[2]], at: Tick(2), in: &table)
        #expect(second == first, "the same queries are the same set")
        #expect(sets[first!].memberQueries == [slots[2]])
        let third = sets.move(from: first, adding: [slots[1]], at: Tick(3), in: &table)
        #expect(
            third != first && sets[first!].queries == [slots[0], slots[2]].sorted() && sets[first!].sessionCount == 1)
        #expect(sets[third!].cells.everyEntity && sets[third!].lastBatchTick == Tick(3))
        #expect(sets.move(from: third, removing: slots, at: Tick(4), in: &table) == nil)
        #expect(slots.map { table[$0].sets } == [[first!], [], [first!]])
    }

    @Test func theBaseOfASetIsNoLaterThanWhoeverJoinsIt() throws {
        var (table, sets) = (QueryTable(store.table), QuerySetTable())
        let slots = try ["C0", "*"].map { table.hold(try query($0), of: store) }
        let first = try #require(sets.move(from: nil, adding: slots, at: Tick(1), in: &table))
        sets[first].lastBatchTick = Tick(9)
        #expect(sets.move(from: first, removing: [slots[1]], at: Tick(9), in: &table) == first)
        // Somebody else, to whom nothing was sent since tick 5.
        #expect(sets.move(from: nil, adding: [slots[0]], at: Tick(5), in: &table) == first)
        #expect(sets[first].lastBatchTick == Tick(5))
    }

    /// Sessions that subscribe and unsubscribe at random, in a world that changes: counts, indexes and members agree
    /// after each step.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func countsIndexesAndMembersAgree(seed: UInt64) throws {
        struct Member {
            var queries: [QueryTable.Slot] = []
            var set: Int?
        }
        var generator = SeededGenerator(seed: seed)
        var (table, sets) = (QueryTable(store.table), QuerySetTable())
        var members = Array(repeating: Member(), count: 6)
        let texts = [
            "C0", "C1 | C2", "*", "C0, C1", "C0, !C1", "* where C0 > 4", "C1 where not (C0 = 1)", "C2 where has C1",
        ]
        for step in 0..<300 {
            let index = Int.random(in: 0..<members.count, using: &generator)
            if members[index].queries.isEmpty || Bool.random(using: &generator) {
                let listed = (0..<Int.random(in: 0..<3, using: &generator)).map { _ in
                    Entity(index: UInt32.random(in: 0..<4, using: &generator), generation: 1)
                }
                let query = try query(
                    texts.randomElement(using: &generator)!, Bool.random(using: &generator) ? nil : listed)
                let slot = table.hold(query, of: store)
                if members[index].queries.contains(slot) {
                    table.release(slot)
                } else {
                    members[index].queries.append(slot)
                    members[index].set = sets.move(from: members[index].set, adding: [slot], at: .zero, in: &table)
                }
            } else {
                let position = Int.random(in: 0..<members[index].queries.count, using: &generator)
                let slot = members[index].queries.remove(at: position)
                members[index].set = sets.move(from: members[index].set, removing: [slot], at: .zero, in: &table)
                table.release(slot)
            }
            changeWorld(&generator)
            table.advance(after: Tick(store.tick.rawValue - 1), in: store) { _ in }
            var sessionCounts = Array(repeating: 0, count: sets.endPosition)
            for member in members { member.set.map { sessionCounts[$0] += 1 } }
            sets.checkInvariants(sessionCounts: sessionCounts, tick: store.tick, table)
            table.checkInvariants(
                held: members.flatMap(\.queries), sets: sets.used, evaluatedAt: store.tick, in: store)
            for member in members {
                #expect(
                    member.set.map { sets[$0].queries } ?? [] == member.queries.sorted(), "seed \(seed), step \(step)")
            }
        }
        #expect(sets.endPosition <= members.count + 1, "sets without members are used again")
    }

    /// New queries are evaluated page by page while the world goes on: in the end they have the members of now.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func whatIsDeterminedInPartsIsWhatHolds(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let rows = (0..<40 as Range<UInt32>).map { $0 % 8 + $0 / 8 * UInt32(RowSet.pageRows) }
        var table = QueryTable(store.table, .testing(fieldsAreAlwaysUsed: seed % 2 == 0, evaluatesInParts: true))
        // So many nodes that a part is one page.
        let unequal = (0..<31).map { "C0 != \(100 + $0)" }.joined(separator: " and ")
        let texts = ["C0 where C0 > 4 and \(unequal)", "* where C1 < 3 and \(unequal)", "C2, !C1 where \(unequal)"]
        var parts = 0
        var frozen: Set<Query> = []
        for step in 0..<60 {
            let query = try query(texts.randomElement(using: &generator)!)
            let begun = store.tick
            var finished = begun
            let slot = table.hold(query, of: store)
            while !table[slot].isFinished {
                finished = store.tick
                #expect(table.evaluateFurther(slot, in: store) > 0)
                parts += 1
                for _ in 0..<Int.random(in: 0..<3, using: &generator) {
                    changeWorld(&generator, rows)
                    table.advance(after: Tick(store.tick.rawValue - 1), in: store) { _ in }
                }
                table.checkInvariants(held: [slot], sets: [], evaluatedAt: store.tick, in: store)
            }
            #expect(
                table[slot].membership?.members.map(\.index) == query.members(of: store).indexes,
                "seed \(seed), step \(step)")
            #expect(table[slot].isKnown(since: store.tick) && !table.isUnfinished)
            #expect(table[slot].isKnown(since: begun) == (frozen.remove(query) != nil || finished == begun))
            let isLost = Bool.random(using: &generator)
            if isLost { frozen.insert(query) }
            table.release(slot, lostAt: isLost ? .zero : nil)
        }
        #expect(parts > 100)
    }

    /// Those about which one field decides, while the world changes.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func whatIsDeterminedTogetherIsWhatHolds(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let rows = (0..<40 as Range<UInt32>).map { $0 % 8 + $0 / 8 * UInt32(RowSet.pageRows) }
        for _ in 0..<20 { changeWorld(&generator, rows) }
        var table = QueryTable(store.table, .testing(fieldsAreAlwaysUsed: seed % 2 == 0, evaluatesInParts: true))
        var held = try (0..<8).map { number in
            table.hold(try query("C0 where C0 \(["=", "<", ">="][number % 3]) \(number)"), of: store)
        }
        held.append(table.hold(try query("C0, C1? where C0 in (2, 3, 5) or C0 in 7..8"), of: store))
        held.append(table.hold(try query("C0 where C0 = 3 and C1 = 2"), of: store))
        // The nine advance together, and the last one by itself.
        _ = table.evaluateFurther(held[0], in: store)
        #expect(held.map { table[$0].unfinished?.nextPage ?? -1 } == Array(repeating: 1, count: 9) + [0])
        while let slot = held.first(where: { !table[$0].isFinished }) {
            #expect(table.evaluateFurther(slot, in: store) > 0)
            for _ in 0..<Int.random(in: 0..<3, using: &generator) {
                changeWorld(&generator, rows)
                table.advance(after: Tick(store.tick.rawValue - 1), in: store) { _ in }
            }
            table.checkInvariants(held: held, sets: [], evaluatedAt: store.tick, in: store)
        }
        for slot in held {
            #expect(
                table[slot].membership?.members.map(\.index) == table[slot].query.members(of: store).indexes,
                "seed \(seed): \(slot)")
        }
    }

    private func changeWorld(_ generator: inout SeededGenerator, _ rows: [UInt32] = Array(0..<6)) {
        tick { tick in
            for _ in 0..<Int.random(in: 0..<4, using: &generator) {
                let row = rows.randomElement(using: &generator)!
                let column = Int.random(in: 0..<3, using: &generator)
                switch (store.entity(at: row), Int.random(in: 0..<6, using: &generator)) {
                case (nil, _): store.spawn(Entity(index: row, generation: UInt32(tick.rawValue)))
                case (let entity?, 0): store.despawn(entity)
                case (_, 1): store[ColumnID(column)].remove(row, at: tick)
                default: set(column, of: row, to: UInt8.random(in: 0..<9, using: &generator), at: tick)
                }
            }
        }
    }
}
