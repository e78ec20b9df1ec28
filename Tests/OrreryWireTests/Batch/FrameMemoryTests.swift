import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire
import Testing

/// A message is written once, in the memory from which it is sent: what is sent in every tick is allocated once.
@Suite struct FrameMemoryTests {
    @Test(arguments: [1, 2000]) func aMessageIsWrittenInTheMemoryOfTheOneBefore(rowCount: UInt32) throws {
        let table = ComponentTable([.init(ColumnID(0), try ComponentSchema(name: "C", type: .scalar(.uint64)))])
        let store = ComponentStore(table)
        store.advance(to: Tick(1))
        for index in 0..<rowCount {
            store.spawn(Entity(index: index, generation: 1))
            store[ColumnID(0)].set(index, to: [1, 2, 3, 4, 5, 6, 7, 8], at: store.tick)
        }
        var sections = BatchSections(partSizeMax: 1 << 20)
        sections.append(store[ColumnID(0)].rows, inserted: true, of: ColumnID(0), in: store)
        var pool = FramePool()
        var places: [UnsafeRawPointer?] = []
        for tick in 1...300 as ClosedRange<UInt64> {
            let messages = sections.messages(tick: Tick(tick), base: .zero, in: &pool)
            places += messages.map { $0.withPayload { $0.baseAddress } }
        }
        #expect(Set(places).count == 1)
    }
}
