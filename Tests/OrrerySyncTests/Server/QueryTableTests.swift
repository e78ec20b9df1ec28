import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

@testable import OrrerySync

/// Queries by their form, counted by who has them, and found from what changes.
@Suite struct QueryTableTests {
    private let store: ComponentStore
    private let positions = Selection(components: .some([ColumnID(0)]))
    private let everything = Selection()
    private let ship = Selection(
        entities: .one(Entity(index: 3, generation: 1)), components: .some([ColumnID(0), ColumnID(1)]))

    init() throws {
        store = ComponentStore(schemas: try (0..<3).map { try ComponentSchema(name: "C\($0)", type: .scalar(.int32)) })
    }

    /// The sets that are found for the changes of a tick.
    private func found(_ table: QueryTable, after tick: Tick = .zero) -> Set<Int> {
        var sets: Set<Int> = []
        table.forEachSet(changedAfter: tick, in: store) { sets.insert($0) }
        return sets
    }

    @Test func aQueryIsThereOnceAndLastsWhileSomebodyHasIt() {
        var table = QueryTable(store.table)
        let slot = table.hold(positions)
        #expect(table.hold(Selection(components: .some([ColumnID(0), ColumnID(0)]))) == slot)
        let other = table.hold(ship)
        #expect(other != slot && table.count == 2)
        table.release(slot)
        #expect(table.count == 2 && table[slot].selection == positions)
        table.release(slot)
        #expect(table.count == 1)
        #expect(table.hold(everything) == slot, "the slot is used again")
    }

    @Test func aChangeLeadsToTheSetsThatReadIt() {
        var (table, sets) = (QueryTable(store.table), QuerySetTable())
        let slots = [positions, everything, ship].map { table.hold($0) }
        let members = slots.map { sets.move(from: nil, adding: [$0], at: .zero, in: &table) ?? -1 }
        #expect(found(table).isEmpty)
        store.advance(to: Tick(1))
        store.spawn(Entity(index: 7, generation: 1))
        #expect(found(table) == [members[1], members[2]], "births and deaths")
        store.advance(to: Tick(2))
        store[ColumnID(0)].set(7, to: [1, 0, 0, 0], at: Tick(2))
        #expect(found(table, after: Tick(1)) == Set(members))
        store.advance(to: Tick(3))
        store[ColumnID(2)].set(7, to: [1, 0, 0, 0], at: Tick(3))
        #expect(found(table, after: Tick(2)) == [members[1]])
        #expect(found(table, after: Tick(3)).isEmpty)
    }

    @Test func whoIsAloneInASetChangesItAndOthersAreNotMoved() {
        var (table, sets) = (QueryTable(store.table), QuerySetTable())
        let slots = [positions, everything, ship].map { table.hold($0) }
        let first = sets.move(from: nil, adding: [slots[0]], at: Tick(1), in: &table)
        #expect(sets.move(from: first, adding: [slots[2]], at: Tick(2), in: &table) == first, "alone: in place")
        let second = sets.move(from: nil, adding: [slots[0], slots[2]], at: Tick(2), in: &table)
        #expect(second == first, "the same queries are the same set")
        let third = sets.move(from: first, adding: [slots[1]], at: Tick(3), in: &table)
        #expect(
            third != first && sets[first!].queries == [slots[0], slots[2]].sorted() && sets[first!].memberCount == 1)
        #expect(sets[third!].cells.everyEntity && sets[third!].lastBatchTick == Tick(3))
        #expect(sets.move(from: third, removing: slots, at: Tick(4), in: &table) == nil)
        #expect(slots.map { table[$0].sets } == [[first!], [], [first!]])
    }

    /// Sessions that subscribe and unsubscribe at random: counts and indexes agree after each step.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func countsAndIndexesAgree(seed: UInt64) {
        struct Member {
            var queries: [QueryTable.Slot] = []
            var set: Int?
        }
        var generator = SeededGenerator(seed: seed)
        var (table, sets) = (QueryTable(store.table), QuerySetTable())
        var members = Array(repeating: Member(), count: 6)
        for step in 0..<300 {
            let index = Int.random(in: 0..<members.count, using: &generator)
            if members[index].queries.isEmpty || Bool.random(using: &generator) {
                let listed = (0..<Int.random(in: 0..<3, using: &generator)).map { _ in
                    Entity(index: UInt32.random(in: 0..<4, using: &generator), generation: 1)
                }
                let selection = Selection(
                    entities: Bool.random(using: &generator) ? .all : .listed(listed),
                    components: .some([ColumnID(Int.random(in: 0..<3, using: &generator))]))
                let slot = table.hold(selection)
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
            var memberCounts = Array(repeating: 0, count: sets.endPosition)
            for member in members { member.set.map { memberCounts[$0] += 1 } }
            sets.checkInvariants(memberCounts: memberCounts, tick: .zero, table)
            table.checkInvariants(held: members.flatMap(\.queries), sets: sets.used)
            for member in members {
                #expect(
                    member.set.map { sets[$0].queries } ?? [] == member.queries.sorted(), "seed \(seed), step \(step)")
            }
        }
        #expect(sets.endPosition <= members.count + 1, "sets without members are used again")
    }
}
