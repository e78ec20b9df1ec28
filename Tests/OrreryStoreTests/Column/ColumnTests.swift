import OrrerySchema
import OrreryStore
import Testing

/// What one row of a column goes through.
@Suite struct ColumnTests {
    @Test func aRowThatEntersIsNewToThoseBefore() {
        let column = Column(valueSize: 2)
        #expect(column.set(5, to: [1, 2], at: Tick(3)))
        #expect(column.value(of: 5) == [1, 2])
        #expect(column.count == 1)
        #expect(column.contains(5) && !column.contains(4) && !column.contains(50_000))
        #expect(column.tick(of: 5) == Tick(3) && column.membershipTick(of: 5) == Tick(3))
        #expect(column.changes(after: Tick(2)).entered.indexes == [5])
        #expect(column.changes(after: Tick(3)).isEmpty)
    }

    @Test func anEqualValueIsNoChange() {
        for size in [0, 1, 7, 8, 9, 16, 23] {
            let column = Column(valueSize: size)
            let value = (0..<UInt8(size)).map { $0 }
            #expect(column.set(1, to: value, at: Tick(1)))
            #expect(!column.set(1, to: value, at: Tick(2)))
            #expect(column.tick(of: 1) == Tick(1))
            for byte in value.indices {
                var other = value
                other[byte] ^= 0x80
                #expect(column.set(1, to: other, at: Tick(3)), "byte \(byte) of \(size)")
                #expect(column.set(1, to: value, at: Tick(3)))
            }
        }
        let variable = Column(valueSize: nil)
        #expect(variable.set(1, to: [], at: Tick(1)))
        #expect(!variable.set(1, to: [], at: Tick(2)))
        #expect(variable.set(1, to: [0], at: Tick(2)))
        #expect(variable.set(1, to: [0, 0], at: Tick(2)))
        #expect(!variable.set(1, to: [0, 0], at: Tick(3)))
    }

    @Test func aPageShowsItsRows() {
        for size in [3, nil] {
            let column = Column(valueSize: size)
            column.set(1025, to: [1, 2, 3], at: Tick(1))
            column.set(2047, to: [4, 5, 6], at: Tick(1))
            column.remove(2047, at: Tick(2))
            #expect(column.page(at: 0) == nil && column.page(at: 2) == nil)
            guard let page = column.page(at: 1) else {
                Issue.record("the page of a row that is present")
                continue
            }
            #expect(page.valueSize == size)
            #expect((0..<RowSet.pageWords).map { page.present[$0] } == [2] + Array(repeating: 0, count: 15))
            #expect(page.isTrue(of: 1) { $0.elementsEqual([1, 2, 3]) })
            #expect(!page.isTrue(of: 1) { _ in false })
            if size != nil { #expect(page.fixedValues(from: 1).loadUnaligned(fromByteOffset: 2, as: UInt8.self) == 3) }
        }
    }

    @Test func rowsThatAreAbsentAreNotAppended() async {
        let column = Column(valueSize: 2)
        for row in [60, 61, 63] as [UInt32] { column.set(row, to: [1, UInt8(row)], at: Tick(1)) }
        var writer = ByteWriter()
        column.appendValues(of: RowSet([60, 61, 63]), to: &writer)
        #expect(writer.bytes == [1, 60, 1, 61, 1, 63])
        await #expect(processExitsWith: .failure) {
            let column = Column(valueSize: 4)
            for row in [60, 62] as [UInt32] { column.set(row, to: [1, 2, 3, 4], at: Tick(1)) }
            var writer = ByteWriter()
            column.appendValues(of: RowSet(60...62), to: &writer)
        }
    }

    @Test func anUpdateIsNoEntering() {
        let column = Column(valueSize: 1)
        column.set(1, to: [1], at: Tick(1))
        column.set(1, to: [2], at: Tick(2))
        #expect(column.changes(after: Tick(1)).updated.indexes == [1])
        #expect(column.changes(after: .zero).entered.indexes == [1])
        #expect(column.membershipTick(of: 1) == Tick(1) && column.tick(of: 1) == Tick(2))
    }

    @Test func aRowThatLeftIsRememberedAsGone() {
        let column = Column(valueSize: nil)
        column.set(1, to: [1], at: Tick(1))
        column.remove(1, at: Tick(2))
        column.remove(1, at: Tick(3))
        #expect(column.value(of: 1) == nil && column.count == 0 && column.rows.isEmpty)
        #expect(column.tick(of: 1) == Tick(2))
        #expect(column.changes(after: Tick(1)).left.indexes == [1])
        #expect(column.changes(after: Tick(2)).isEmpty)
    }

    @Test func aRowThatCameBackHasEnteredEvenWithItsOldValue() {
        let column = Column(valueSize: 1)
        column.set(1, to: [1], at: Tick(1))
        column.remove(1, at: Tick(2))
        #expect(column.set(1, to: [1], at: Tick(2)))
        #expect(column.changes(after: Tick(1)).entered.indexes == [1])
        #expect(column.changes(after: Tick(1)).left.isEmpty)
    }

    @Test func packedRowsAreSetAsOneByOne() {
        let packed = Column(valueSize: 3)
        let single = Column(valueSize: 3)
        // Over three pages, there and back, some of them twice.
        let rows: [UInt32] = [0, 1, 1023, 1024, 3000, 2, 1024, 3001]
        let entities = rows.map { Entity(index: $0, generation: 1) }
        let values = (0..<UInt8(rows.count * 3)).map { $0 / 2 }
        let changed = entities.withUnsafeBufferPointer { entities in
            values.withUnsafeBytes { packed.set(entities, to: $0, at: Tick(1)) }
        }
        var expected = 0
        for (position, row) in rows.enumerated() {
            if single.set(row, to: Array(values[position * 3..<position * 3 + 3]), at: Tick(1)) { expected += 1 }
        }
        #expect(changed == expected)
        #expect(packed.count == 7 && single.count == 7)
        for row in rows { #expect(packed.value(of: row) == single.value(of: row)) }
        #expect(packed.changes(after: .zero) == single.changes(after: .zero))
        let none = UnsafeBufferPointer<Entity>(start: nil, count: 0)
        #expect(packed.set(none, to: UnsafeRawBufferPointer(start: nil, count: 0), at: Tick(2)) == 0)
    }

    @Test func neighboursAreAppendedInOnePiece() {
        let column = Column(valueSize: 2)
        for row in UInt32(1020)..<1030 { column.set(row, to: [UInt8(row % 256), 9], at: Tick(1)) }
        var writer = ByteWriter()
        column.appendValues(of: RowSet(1021...1023), to: &writer)
        #expect(writer.bytes == [253, 9, 254, 9, 255, 9])
    }

    /// Few and many values, in any pages: the values of the rows, one after the other.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func valuesOfAnyRowsAreAppended(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let size = Int.random(in: 0...12, using: &generator)
        let (column, spread) = (Column(valueSize: size), UInt32.random(in: 1...40, using: &generator))
        var (rows, expected) = (RowSet(), [UInt8]())
        var next: UInt32 = 0
        for _ in 0..<Int.random(in: 1...1500, using: &generator) {
            next += UInt32.random(in: 1...spread, using: &generator)
            let value = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
            column.set(next, to: value, at: Tick(1))
            guard Bool.random(using: &generator) else { continue }
            rows.append(next)
            expected += value
        }
        var writer = ByteWriter()
        column.appendValues(of: rows, to: &writer)
        #expect(writer.bytes == expected, "seed \(seed)")
    }

    /// What happened to listed entities is what happened to each of them.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func changesOfListedEntitiesAreThoseOfTheirRows(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let store = ComponentStore(schemas: [try ComponentSchema(name: "C", type: .scalar(.uint8))])
        let column = store[ColumnID(0)]
        for tick in 1...30 as ClosedRange<UInt64> {
            store.advance(to: Tick(tick))
            for _ in 0..<Int.random(in: 0..<12, using: &generator) {
                let entity = Entity(
                    index: UInt32.random(in: 0..<4, using: &generator) * 700, generation: UInt32(tick / 8 + 1))
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: store.despawn(entity)
                case 1: column.remove(entity.index, at: store.tick)
                default:
                    store.spawn(entity)
                    column.set(entity.index, to: [UInt8.random(in: 0..<3, using: &generator)], at: store.tick)
                }
            }
            let listed = (0..<4 as Range<UInt32>).flatMap { index in
                (1...4 as ClosedRange<UInt32>).map { Entity(index: index * 700, generation: $0) }
            }
            for cursor in [0, tick - 1, tick / 2] {
                var expected = RowChanges()
                for entity in listed where store.contains(entity) {
                    expected.add(entity.index, of: column, after: Tick(cursor))
                }
                var (changes, page) = (RowChanges(), RowChanges())
                store.addChanges(of: listed, in: ColumnID(0), after: Tick(cursor), to: &changes)
                #expect(changes == expected, "seed \(seed)")
                store.addChanges(of: listed, in: ColumnID(0), after: Tick(cursor), pages: 1..<2, to: &page)
                #expect(page.updated.indexes == expected.updated.indexes.filter { (1024..<2048).contains($0) })
            }
        }
    }
}
