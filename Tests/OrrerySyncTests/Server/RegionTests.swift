import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

@testable import OrrerySync

/// Queries with a region: who is in it, at every tick.
@Suite struct RegionTests {
    private let store: ComponentStore
    private static let (place, health, space) = (ColumnID(0), ColumnID(1), ColumnID(2))

    init() throws {
        func coordinates(_ names: [String], _ scalar: Scalar) -> FieldType {
            .structure(names.map { Field($0, .scalar(scalar)) })
        }
        store = ComponentStore(
            ComponentTable([
                .init(
                    Self.place, try ComponentSchema(name: "Place", type: coordinates(["x", "y"], .float)),
                    spatial: SpatialField(path: [], cellSize: 10)),
                .init(Self.health, try ComponentSchema(name: "Health", type: .scalar(.int32))),
                .init(
                    Self.space,
                    try ComponentSchema(
                        name: "Space",
                        type: .structure([
                            Field("mass", .scalar(.int16)), Field("at", .vector(.double, lanes: 3)),
                        ])), spatial: SpatialField(path: [1], cellSize: 4)),
            ]))
        store.advance(to: Tick(1))
    }

    private func spawn(_ row: UInt32, generation: UInt32 = 1) {
        store.spawn(Entity(index: row, generation: generation))
    }

    private func move(_ row: UInt32, to x: Float, _ y: Float) {
        var writer = ByteWriter()
        writer.append(integer: x.bitPattern)
        writer.append(integer: y.bitPattern)
        store[Self.place].set(row, to: writer.bytes, at: store.tick)
    }

    private func place(of row: UInt32) -> Point? {
        let places = try? Query("Place within 1 of (0, 0) by Place", in: store.table).places
        return places?.place(of: row, in: store)
    }

    private func move(_ row: UInt32, inSpaceTo x: Double, _ y: Double, _ z: Double) {
        var writer = ByteWriter()
        writer.append(integer: UInt16(7))
        for number in [x, y, z] { writer.append(integer: number.bitPattern) }
        store[Self.space].set(row, to: writer.bytes, at: store.tick)
    }

    private func set(health: Int32, of row: UInt32) {
        store[Self.health].set(row, to: withUnsafeBytes(of: health.littleEndian, Array.init), at: store.tick)
    }

    private func hold(
        _ text: String, in table: inout QueryTable, replacing replaced: QueryTable.Slot? = nil
    ) throws -> QueryTable.Slot {
        table.hold(try Query(text, in: store.table), of: store, replacing: replaced)
    }

    /// Each query is a set of its own for as long: whoever has it is told if something of its members changes.
    private func advance(_ table: inout QueryTable, _ slots: [QueryTable.Slot], _ change: () -> Void) {
        let finished = slots.filter { table[$0].isFinished }
        for slot in finished { table.enter(slot, into: slot) }
        store.advance(to: Tick(store.tick.rawValue + 1))
        change()
        var told: Set<Int> = []
        table.advance(after: Tick(store.tick.rawValue - 1), in: store) { told.insert($0) }
        for slot in finished {
            table.leave(slot, from: slot)
            let entry = table[slot]
            #expect(entry.region?.changeTick != store.tick || told.contains(slot), "its centre was lost or found")
            let hasChanged = (entry.membership?.members ?? []).contains { member in
                entry.sentColumns.contains { store[$0].tick(of: member.index) == store.tick }
            }
            #expect(!hasChanged || told.contains(slot), "\(entry.query.text(in: store.table)) at \(store.tick)")
        }
        table.checkInvariants(held: slots, sets: [], evaluatedAt: store.tick, in: store)
    }

    private func members(_ slot: QueryTable.Slot, in table: QueryTable) -> [UInt32] {
        table[slot].membership?.members.map(\.index) ?? []
    }

    private static let texts = [
        "Place within 15 of (0, 0) by Place", "Place within 30 of 3v1 by Place",
        "Health within 40 of (20, -20) by Place",
        "Place within 25 of 4v1 by Place where Health < 50", "* within 35 of 5v1 by Place",
        "Place, !Space within 60 of (0, 0) by Place order by Health desc limit 5", "Space within 6 of 6v1 by Space",
        "Space, Place within 20 of (1, 2, 3) by Space where Health >= 0 or Place.x < 0",
        "entity in (1v1, 2v1, 3v1, 1024v1), Place within 50 of (0, 0) by Place",
        "Place within 20 of 7v1 by Place count", "Place within 0 of (0, 0) by Place",
        "Place within 280 of (-200, 100) by Place", "Place within 20 of (1e300, 0) by Place",
    ]

    /// At each tick, who is within the radius is a member, no member is farther away than the larger distance, and
    /// nobody comes or goes whom neither border explains.
    @Test(arguments: 0..<6 as Range<UInt64>)
    func membersAreBetweenBothBorders(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let rows = (0..<160 as Range<UInt32>).map { $0 % 80 + $0 / 80 * UInt32(RowSet.pageRows) }
        func coordinate() -> Float {
            generator.oneIn(40)
                ? [Float.nan, .infinity, 1e30, 1e7, -10, 10, 0].randomElement(using: &generator)!
                : Float.random(in: -60...60, using: &generator)
        }
        var table = QueryTable(store.table, .testing(evaluatesInParts: seed % 2 == 1))
        for row in rows where generator.oneIn(2) {
            spawn(row)
            move(row, to: coordinate(), coordinate())
        }
        var held = try Self.texts.map { try hold($0, in: &table) }
        var centres: [QueryTable.Slot: Point] = [:]
        var matched: [QueryTable.Slot: Set<Entity>] = [:]
        var (stayedOutside, movedCount) = (0, 0)
        for step in 0..<150 {
            // One goes and comes back: its centre begins anew.
            if step % 30 == 15 {
                let text = Self.texts[step / 30]
                table.release(held.remove(at: step / 30))
                held.insert(try hold(text, in: &table), at: step / 30)
                (centres[held[step / 30]], matched[held[step / 30]]) = (nil, nil)
            }
            for slot in held where step % 2 == 0 { _ = table.evaluateFurther(slot, in: store) }
            advance(&table, held) {
                guard step % 10 != 9 else { return }
                for _ in 0..<Int.random(in: 0...(step % 25 == 0 ? 300 : 25), using: &generator) {
                    // The centres change more often.
                    let row = rows[Int.random(in: 0..<(generator.oneIn(3) ? 8 : rows.count), using: &generator)]
                    guard let entity = store.entity(at: row) else {
                        spawn(row, generation: generator.oneIn(4) ? 2 : 1)
                        continue
                    }
                    switch Int.random(in: 0..<12, using: &generator) {
                    case 0 where row > 7 || generator.oneIn(8): store.despawn(entity)
                    case 1:
                        store[[Self.place, Self.health, Self.space].randomElement(using: &generator)!]
                            .remove(row, at: store.tick)
                    case 2, 3: set(health: Int32.random(in: -10...100, using: &generator), of: row)
                    case 4, 5:
                        let numbers = (0..<3).map { _ in Double.random(in: -9...9, using: &generator) }
                        move(row, inSpaceTo: numbers[0], numbers[1], numbers[2])
                    case 6: move(row, to: coordinate(), coordinate())
                    default:
                        guard let old = place(of: row) else { continue }
                        let step = (0..<2).map { _ in Float.random(in: -3...3, using: &generator) }
                        move(row, to: Float(old.x) + step[0], Float(old.y) + step[1])
                    }
                }
            }
            for slot in held where table[slot].isFinished {
                let (entry, query) = (table[slot], table[slot].query)
                let region = try #require(query.region)
                if let centre = query.centre(in: store) {
                    if let old = centres[slot], old != centre { movedCount += 1 }
                    centres[slot] = centre
                    #expect(entry.region?.isLost == false)
                } else {
                    #expect(entry.region?.isLost == true)
                }
                #expect(entry.region?.centre == centres[slot] || centres[slot] == nil, "seed \(seed), step \(step)")
                let area = entry.region?.area(RowSet(rows))
                let outer = query.matching(in: store, within: area)
                let inner = query.matching(in: store, within: entry.region?.area(RowSet()))
                var now: Set<Entity> = []
                entry.forEachInsider { row in store.entity(at: row).map { _ = now.insert($0) } }
                let comment: Comment = "seed \(seed), step \(step): \(query.text(in: store.table))"
                for row in rows {
                    guard let entity = store.entity(at: row) else { continue }
                    let isIn = now.contains(entity)
                    #expect(isIn || !inner.contains(row), comment)
                    #expect(!isIn || outer.contains(row), comment)
                    guard outer.contains(row), !inner.contains(row) else { continue }
                    stayedOutside += isIn ? 1 : 0
                    // Between both borders nothing changes: who was in it stays, who was not does not come.
                    if let before = matched[slot], region.radius > 0, !entry.wasChanged(entity, in: store) {
                        #expect(before.contains(entity) == isIn, comment)
                    }
                }
                matched[slot] = now
                if query.window == nil { #expect(Set(members(slot, in: table)) == Set(now.map(\.index)), comment) }
            }
        }
        #expect(stayedOutside > 20 && movedCount > 20 && held.allSatisfy { table[$0].isFinished })
    }

    @Test func theCentreIsLostAndFound() throws {
        for row in 0..<3 as Range<UInt32> {
            spawn(row)
            move(row, to: Float(row) * 10, 0)
        }
        spawn(9)
        var table = QueryTable(store.table)
        let slots = [
            try hold("Place within 12 of 0v1 by Place", in: &table),
            try hold("Place within 12 of 9v1 by Place", in: &table),
        ]
        func isLost(_ slot: Int) -> Bool? { table[slots[slot]].region?.isLost }
        #expect(members(slots[0], in: table) == [0, 1] && isLost(0) == false)
        #expect(members(slots[1], in: table) == [] && isLost(1) == true)
        // It has no place any more: the region stays, and goes on with those who come and go.
        advance(&table, slots) {
            store[Self.place].remove(0, at: store.tick)
            move(2, to: 0, 12)
        }
        #expect(members(slots[0], in: table) == [1, 2] && isLost(0) == true)
        #expect(table[slots[0]].region?.isNews(after: Tick(store.tick.rawValue - 1)) == true)
        advance(&table, slots) { move(1, to: 0, 13.3) }
        #expect(members(slots[0], in: table) == [2])
        // Found, elsewhere; the other one is seen for the first time.
        advance(&table, slots) {
            move(0, to: 0, 20)
            move(9, to: 1000, 1000)
        }
        #expect(members(slots[0], in: table) == [0, 1, 2] && isLost(0) == false)
        #expect(members(slots[1], in: table) == [9] && isLost(1) == false)
        // It died; another entity at its row is another one.
        advance(&table, slots) { store.despawn(Entity(index: 9, generation: 1)) }
        #expect(members(slots[1], in: table) == [] && isLost(1) == true)
        advance(&table, slots) {
            spawn(9, generation: 2)
            move(9, to: 0, 0)
            move(1, to: 1000, 1010)
        }
        #expect(members(slots[1], in: table) == [1] && isLost(1) == true)
    }

    /// Nobody moves, and something else decides; the centre is none of the members.
    @Test func whatElseDecidesIsLookedAt() throws {
        for row in 0..<3 as Range<UInt32> {
            spawn(row)
            move(row, to: Float(row), 0)
        }
        set(health: 10, of: 1)
        set(health: 90, of: 2)
        var table = QueryTable(store.table)
        // Nobody is in the second one, and still it is told that its centre is lost.
        let slots = [
            try hold("Health within 5 of 0v1 by Place where Health < 50", in: &table),
            try hold("Health within 0.5 of 0v1 by Place", in: &table),
        ]
        #expect(members(slots[0], in: table) == [1])
        advance(&table, slots) { set(health: 40, of: 2) }
        #expect(members(slots[0], in: table) == [1, 2])
        advance(&table, slots) { store[Self.health].remove(1, at: store.tick) }
        #expect(members(slots[0], in: table) == [2])
        advance(&table, slots) { store[Self.place].remove(0, at: store.tick) }
        #expect(members(slots[0], in: table) == [2] && table[slots[0]].region?.isLost == true)
    }

    @Test func whoWasInTheRegionThatIsReplacedStays() throws {
        for row in 0..<4 as Range<UInt32> { spawn(row) }
        move(0, to: 10.5, 0)
        move(1, to: 0, 0)
        move(2, to: 11.5, 0)
        var table = QueryTable(store.table)
        let first = try hold("Place within 10 of (1, 0) by Place", in: &table)
        #expect(members(first, in: table) == [0, 1])
        // Both are 10.5 and 11.5 away from the new centre; only one was in it.
        let second = try hold("Place within 10 of (0, 0) by Place", in: &table, replacing: first)
        #expect(members(second, in: table) == [0, 1])
        let third = try hold("Place within 10 of (-1, 0) by Place", in: &table, replacing: second)
        #expect(members(third, in: table) == [1])
    }

    /// A region in which nothing changes costs nothing, and one in which something does costs what is near.
    @Test func onlyWhatIsNearIsLookedAt() throws {
        for row in 0..<2000 as Range<UInt32> {
            spawn(row)
            move(row, to: Float(row % 50) * 10, Float(row / 50) * 10)
        }
        var table = QueryTable(store.table)
        let slots = [
            try hold("Place within 15 of (5, 5) by Place", in: &table),
            try hold("Place within 15 of (400, 300) by Place", in: &table),
        ]
        let tested = slots.map { table[$0].testedCount }
        for _ in 0..<10 { advance(&table, slots) { move(0, to: Float.random(in: 0...5), 0) } }
        #expect(table[slots[0]].testedCount - tested[0] < 10 * 40 && table[slots[0]].testedCount > tested[0])
        #expect(table[slots[1]].testedCount == tested[1])
        // Who comes from afar is found, and who goes.
        advance(&table, slots) { move(0, to: 401, 301) }
        #expect(members(slots[1], in: table).contains(0) && !members(slots[0], in: table).contains(0))
        for slot in slots { table.release(slot) }
        table.checkInvariants(held: [], sets: [], evaluatedAt: store.tick, in: store)
    }
}

extension QueryTable.Entry {
    /// Whether something changed in this tick, besides its place, that decides about an entity.
    fileprivate func wasChanged(_ entity: Entity, in store: ComponentStore) -> Bool {
        store.entities.tick(of: entity.index) == store.tick
            || query.membershipColumns.contains {
                $0 != query.region?.column && store[$0].tick(of: entity.index) == store.tick
            }
            || store[query.places!.column].changedRows(after: Tick(store.tick.rawValue - 1)).contains(entity.index)
    }
}
