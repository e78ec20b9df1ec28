import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

/// A batch is cut so that no message is longer than it may be.
@Suite struct PartTests {
    /// The longest head: a kind, two varints of 64 bits, a flag, the number of a part.
    private static let headSizeMax = 1 + 10 + 10 + 1 + 5

    @Test(arguments: seeds(60))
    func sectionsAndMessagesKeepToTheirSize(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let world = RandomWorld(&generator, schemas: try Golden.schemas)
        let partSizeMax = Int.random(in: 1...4000, using: &generator)
        let sections = world.sections(partSizeMax: partSizeMax)
        #expect(sections.byteCount == sections.sections.reduce(0) { $0 + $1.count })
        for section in sections.sections where section.count > partSizeMax {
            // Only a single row may be longer.
            let batch = try BatchCopy(Bytes.batch([section]), schemas: world.store.table.schemas)
            switch try #require(batch.sections.first) {
            case .started, .restarted, .table, .schema, .extent, .centre:
                Issue.record("a section that is not of rows is not cut")
            case .despawn(let rows), .left(_, let rows), .joined(_, let rows), .remove(_, let rows),
                .values(_, let rows, _, _):
                #expect(rows.count == 1)
            case .enter(let entities, _): #expect(entities.count == 1)
            }
        }
        let messages = sections.messages(tick: Tick(.max), base: .zero)
        for message in messages where message.count > partSizeMax + Self.headSizeMax {
            #expect(try BatchCopy(message, schemas: world.store.table.schemas).sections.count == 1)
        }
    }

    @Test func asManySectionsAsFitStandInAMessage() throws {
        var sections = BatchSections(partSizeMax: 20)
        for row in 0..<4 as Range<UInt32> { sections.append(despawned: RowSet([row])) }
        #expect(sections.sections.map(\.count) == [5, 5, 5, 5])
        let messages = { (size: Int) in
            var cut = BatchSections(partSizeMax: size)
            cut.append(contentsOf: sections)
            return cut.messages(tick: Tick(1), base: .zero).map(\.count)
        }
        #expect(messages(20) == [26])
        #expect(messages(19) == [21, 11])
        #expect(messages(10) == [16, 16])
        #expect(messages(9) == [11, 11, 11, 11])
        #expect(messages(1) == [11, 11, 11, 11])
    }

    @Test func onlyTheLastMessageIsTheWhole() throws {
        var sections = BatchSections(partSizeMax: 5)
        for row in 0..<3 as Range<UInt32> { sections.append(despawned: RowSet([row])) }
        let heads = { (messages: [[UInt8]]) in try messages.map { try BatchCopy($0, schemas: []).head } }
        let whole = try heads(sections.messages(tick: Tick(9), base: Tick(8), firstPart: 3))
        #expect(whole.map(\.isWhole) == [false, false, true])
        #expect(whole.map(\.part) == [3, 4, 5])
        #expect(try heads(sections.messages(tick: Tick(9), base: Tick(8), isWhole: false)).allSatisfy { !$0.isWhole })
    }
}
