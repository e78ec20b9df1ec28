import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire
import Testing

/// An answer is these bytes, and these bytes are that answer.
@Suite struct GoldenAnswerTests {
    private let golden: GoldenFile
    private let schemas: [ComponentSchema]
    private static let id = QueryID(300)
    private static let head = AnswerHead(
        entityCount: 3, cost: QueryCost(rowCount: 5, nodeCount: 2), shown: .listed([Golden.position, Golden.label]))
    private static let entities = [
        Entity(index: 1, generation: 2), Entity(index: 2, generation: 0x0102_0304), Entity(index: 7, generation: 1),
    ]
    private static let sections: [SectionCopy] = [
        .enter(entities, spawned: false),
        .values(Golden.position, [1, 7], [Golden.position(1, 2), Golden.position(3, 4)], inserted: true),
        .values(Golden.label, [2], [Golden.label("abc")], inserted: true),
    ]

    init() throws {
        golden = try GoldenFile("Answers")
        schemas = try Golden.schemas
    }

    private func messages(partSizeMax: Int) -> [[UInt8]] {
        let store = ComponentStore(schemas: schemas)
        store.advance(to: Tick(1000))
        for entity in Self.entities { store.spawn(entity) }
        store[Golden.position].set(1, to: Golden.position(1, 2), at: store.tick)
        store[Golden.position].set(7, to: Golden.position(3, 4), at: store.tick)
        store[Golden.label].set(2, to: Golden.label("abc"), at: store.tick)
        var sections = BatchSections(partSizeMax: partSizeMax)
        sections.append(entered: RowSet([1, 2, 7]), spawned: false, of: store)
        sections.append(RowSet([1, 7]), inserted: true, of: Golden.position, in: store)
        sections.append(RowSet([2]), inserted: true, of: Golden.label, in: store)
        var pool = FramePool()
        return sections.messages(answering: Self.id, at: store.tick, Self.head, WireLimits(), in: &pool).map(\.bytes)
    }

    private func expect(_ name: String, isLast: Bool, head: AnswerHead?, _ sections: [SectionCopy]) throws {
        let bytes = try golden[name]
        #expect(
            try ServerMessage(bytes) == .queryResponse(Self.id, .part(Tick(1000), isLast: isLast, head: head)),
            "\(name)")
        #expect(try AnswerCopy(bytes, schemas: schemas).sections == sections, "\(name)")
    }

    @Test func inOnePart() throws {
        #expect(try messages(partSizeMax: 1000).map(\.hex) == [golden["an answer in one part"].hex])
        try expect("an answer in one part", isLast: true, head: Self.head, Self.sections)
    }

    @Test func inThreeParts() throws {
        let names = ["first", "second", "last"].map { "an answer in three parts, the \($0)" }
        #expect(try messages(partSizeMax: 24).map(\.hex) == names.map { try golden[$0].hex })
        for (position, name) in names.enumerated() {
            try expect(
                name, isLast: position == 2, head: position == 0 ? Self.head : nil, [Self.sections[position]])
        }
    }

    @Test func everyItemIsAsked() {
        #expect(golden.items.count == 4)
    }
}
