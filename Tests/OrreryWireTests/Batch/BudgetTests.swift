import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

/// What a change costs on the wire. The numbers are those of docs/PROTOCOL.md, section "What it costs".
@Suite struct BudgetTests {
    private static let count: UInt32 = 10_000

    /// 10,000 entities with 12 bytes each.
    private func store() throws -> ComponentStore {
        let fields = ["x", "y", "z"].map { Field($0, .scalar(.float)) }
        let store = ComponentStore(schemas: [try ComponentSchema(name: "Position", type: .structure(fields))])
        store.advance(to: Tick(1000))
        for index in 0..<Self.count {
            store.spawn(Entity(index: index, generation: 1))
            store[ColumnID(0)].set(index, to: [UInt8](repeating: 1, count: 12), at: store.tick)
        }
        return store
    }

    /// Bytes of the batch that says one tick's changes of these rows.
    private func bytes(of rows: [UInt32], in store: ComponentStore) -> Int {
        store.advance(to: store.tick.next)
        for row in rows {
            var value = store[ColumnID(0)].value(of: row)!
            value[0] &+= 1
            store[ColumnID(0)].set(row, to: value, at: store.tick)
        }
        let changes = store[ColumnID(0)].changes(after: Tick(store.tick.rawValue - 1))
        var sections = BatchSections(partSizeMax: WireLimits().partSizeMax)
        sections.append(changes.updated, inserted: false, of: ColumnID(0), in: store)
        let messages = sections.messages(tick: store.tick, base: Tick(store.tick.rawValue - 1))
        #expect(messages.count == 1 && changes.updated.count == rows.count)
        return messages.reduce(0) { $0 + $1.count }
    }

    @Test func everyEntityChanging() throws {
        let store = try store()
        let total = bytes(of: Array(0..<Self.count), in: store)
        // A bit for each row behind six bytes that say where they begin; what is besides is the batch's head (7), and
        // the kind, length and component of the section (5).
        let rows = 6 + 10_000 / 8
        let besides = total - 10_000 * 12 - rows
        #expect(besides == 12)
        #expect(Double(total) / 10_000 <= 12.6)
    }

    @Test func oneEntityInAHundredChanging() throws {
        let store = try store()
        let total = bytes(of: (0..<100).map { $0 * 100 + 7 }, in: store)
        // A byte for the gap to each.
        #expect(total == 100 * 13 + 13)
    }

    @Test func oneEntityChanging() throws {
        let store = try store()
        #expect(bytes(of: [7], in: store) == 12 + 1 + 12)
        #expect(bytes(of: [9_999], in: store) == 12 + 2 + 12)
    }
}
