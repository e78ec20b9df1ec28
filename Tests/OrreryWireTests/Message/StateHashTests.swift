import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

/// The hash that a stranger computes from the page is the one that servers send.
@Suite struct StateHashTests {
    private static let entity = Entity(index: 12, generation: 3)

    private static func cell(_ entity: Entity, _ column: Int, _ bytes: [UInt8]) -> @Sendable (inout StateHash) -> Void {
        { hash in bytes.withUnsafeBytes { hash.add(entity, ColumnID(column), $0) } }
    }

    private static let items: [(String, @Sendable (inout StateHash) -> Void)] = [
        ("member 12v3", { $0.add(member: entity) }),
        ("cell of 12v3, component 0, no bytes", cell(entity, 0, [])),
        ("cell of 12v3, component 2, 8 bytes", cell(entity, 2, Golden.position(1, -2))),
        (
            "cell of 70000v4, component 300, 14 bytes",
            cell(Entity(index: 70_000, generation: 4), 300, Golden.label("Grüße, Welt"))
        ),
        ("resource, component 6, 4 bytes", cell(.none, 6, [5, 0, 0, 0])),
    ]

    private func value(of bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    }

    @Test func everyItemHasItsHashAndTheirSumIsThatOfAll() throws {
        let golden = try GoldenFile("StateHashes")
        var sum = StateHash()
        for (name, add) in Self.items {
            var hash = StateHash()
            add(&hash)
            #expect(hash == StateHash(value: value(of: try golden[name]), itemCount: 1), "\(name)")
        }
        for (_, add) in Self.items.reversed() { add(&sum) }
        #expect(sum == StateHash(value: value(of: try golden["sum of all five"]), itemCount: 5))
        #expect(sum.description == "c14a2911ed4263ab of 5 items")
        #expect(golden.items.count == 6)
    }

    @Test func thePageHasTheSameNumbers() throws {
        let page = try ProtocolPageTests().page
        for item in try GoldenFile("StateHashes").items {
            let digits = item.bytes.reversed().map { $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16) }
            #expect(page.contains("| \(item.name) | `0x\(digits.joined())` |"), "\(item.name)")
        }
    }

    /// Whatever differs, the hash differs: also where values have changed places.
    @Test func exchangedValuesAreFound() {
        var hashes: Set<UInt64> = []
        for byte in 0..<64 as Range<UInt8> {
            var hash = StateHash()
            for (index, value) in [byte, byte ^ 1, 7].enumerated() {
                Self.cell(Entity(index: UInt32(index), generation: 1), 0, [0, 0, 0, value])(&hash)
            }
            hashes.insert(hash.value)
        }
        #expect(hashes.count == 64)
    }

    @Test(arguments: [0, 4, 7, 8, 9, 16, nil]) func rowsOfAStoreAreHashedAsTheirCells(valueSize: Int?) throws {
        let entry = ComponentTable.Entry(ColumnID(3), name: "A", schemaHash: SchemaHash(1), valueSize: valueSize)
        let store = ComponentStore(ComponentTable([entry]))
        store.advance(to: Tick(1))
        var expected = StateHash()
        let rows = Array(0..<100 as Range<UInt32>) + [1023, 1024, 5000]
        for row in rows {
            let entity = Entity(index: row, generation: row + 1)
            let value = (0..<(valueSize ?? Int(row % 20))).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ Int(row)) }
            store.spawn(entity)
            store[entry.column].set(row, to: value, at: store.tick)
            Self.cell(entity, 3, value)(&expected)
        }
        var hash = StateHash()
        hash.add(RowSet(rows), of: entry.column, in: store)
        #expect(hash == expected)
    }
}
