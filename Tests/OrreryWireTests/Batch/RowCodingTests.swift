import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire
import Testing

/// Sets of rows come back as they were, in the shorter of two forms.
@Suite struct RowCodingTests {
    /// What stands after kind and length in a section that holds rows alone.
    private static func encoded(_ rows: RowSet) throws -> [UInt8] {
        var sections = BatchSections(partSizeMax: 1 << 20)
        sections.append(despawned: rows)
        let section = try #require(sections.sections.first)
        #expect(sections.sections.count == 1)
        // The length takes as many bytes as the rest leaves it.
        let lengthSize = (1...3).first { Self.varintSize(section.count - 1 - $0) == $0 }
        return Array(section[(1 + (try #require(lengthSize)))...])
    }

    private static func decoded(_ rows: [UInt8], limits: WireLimits = WireLimits()) throws(WireError) -> [UInt32] {
        let batch = try BatchCopy(Bytes.batch([Bytes.section(2, rows)]), schemas: [], limits: limits)
        guard case .despawn(let rows)? = batch.sections.first else { return [] }
        return rows
    }

    private static func varintSize(_ value: Int) -> Int {
        var writer = ByteWriter()
        writer.append(varint: value)
        return writer.count
    }

    /// The sizes of both forms, counted plainly.
    private static func sizes(_ rows: [UInt32]) -> (deltas: Int, bitmap: Int) {
        let head = 1 + varintSize(rows.count)
        var deltas = head
        var next = 0
        for row in rows.map(Int.init) {
            deltas += varintSize(row - next)
            next = row + 1
        }
        let (start, end) = (Int(rows[0]) / 8, Int(rows[rows.count - 1]) / 8)
        return (deltas, head + varintSize(start) + varintSize(end - start + 1) + end - start + 1)
    }

    private func check(_ indexes: Set<UInt32>) throws {
        let sorted = indexes.sorted()
        let bytes = try Self.encoded(RowSet(sorted))
        let (deltas, bitmap) = Self.sizes(sorted)
        #expect(bytes.count == min(deltas, bitmap))
        #expect(bytes[0] == (bitmap < deltas ? 1 : 0))
        #expect(try Self.decoded(bytes) == sorted)
    }

    @Test(arguments: seeds(150))
    func anySetComesBackFromTheShorterForm(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let bound = UInt32([8, 64, 1024, 20_000, 4_000_000].randomElement(using: &generator)!)
        let count = Int.random(in: 1...400, using: &generator)
        var rows: Set<UInt32> = []
        while rows.count < count, rows.count < Int(bound) {
            let start = UInt32.random(in: 0..<bound, using: &generator)
            rows.formUnion(start..<start + (generator.oneIn(3) ? 40 : 1))
        }
        try check(rows)
    }

    @Test func oneRowTakesADelta() throws {
        #expect(try Self.encoded(RowSet([5])) == [0, 1, 5])
        #expect(try Self.encoded(RowSet([4_194_303])) == [0, 1, 0xff, 0xff, 0xff, 0x01])
        try check([0])
        try check([7])
        try check([4_194_303])
    }

    @Test func wordsAndPagesAreCrossedWithoutLoss() throws {
        for start in [0, 1, 7, 8, 63, 64, 1000, 1023, 1024] as [UInt32] {
            for count in [1, 2, 8, 63, 64, 65, 130, 1100] as [UInt32] { try check(Set(start..<start + count)) }
        }
    }

    /// A second way to write a set, or none at all.
    private static let refused: [(rows: [UInt8], why: String)] = [
        ([0, 0], "no rows"), ([1, 0, 0, 0], "no rows"), ([2, 1, 0], "a form that does not exist"),
        ([1, 1, 0, 0], "a bitmap without bytes"), ([1, 1, 0, 2, 0, 1], "a bitmap that begins with nothing"),
        ([1, 1, 0, 2, 1, 0], "a bitmap that ends with nothing"), ([1, 2, 0, 1, 1], "fewer rows than announced"),
        ([1, 1, 0, 1, 3], "more rows than announced"), ([0, 1, 0x80, 0], "a gap that is written too long"),
        ([0, 2, 1], "fewer gaps than announced"), ([0, 1, 1, 1], "more gaps than announced"),
    ]

    @Test func otherBytesAreRefused() {
        for (rows, why) in Self.refused {
            let error = #expect(throws: WireError.self, "\(why)") { try Self.decoded(rows) }
            #expect(error?.closeCode == .invalidPayload, "\(why)")
        }
    }

    @Test func rowsEndBelowTheHighestIndex() throws {
        var limits = WireLimits()
        limits.entityIndexMax = 1024
        #expect(try Self.decoded([0, 1, 0xff, 0x07], limits: limits) == [1023])
        #expect(try Self.decoded([0, 2, 0xfe, 0x07, 0], limits: limits) == [1022, 1023])
        #expect(try Self.decoded([1, 1, 127, 1, 0x80], limits: limits) == [1023])
        for beyond: [UInt8] in [
            [0, 1, 0x80, 0x08], [0, 2, 0xff, 0x07, 0], [1, 1, 0x80, 0x01, 1, 1], [1, 2, 127, 2, 1, 1],
        ] {
            let error = #expect(throws: WireError.self) { try Self.decoded(beyond, limits: limits) }
            #expect(error?.closeCode == .policyViolation, "\(beyond)")
        }
    }
}
