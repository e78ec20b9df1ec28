/// All pages that hold entities, by number. An entity's slot identifies a row by its page number and its position in
/// the page. That is half as long as an address and a row, so random look-ups miss the caches less often. A page keeps
/// its number when its rows move into a larger chunk.
@usableFromInline
struct PageDirectory: BitwiseCopyable {
    @usableFromInline
    struct Entry: BitwiseCopyable {
        /// The memory of the chunk that contains the page.
        @usableFromInline var memory: UnsafeMutableRawPointer
        /// The table's `components`, copied here so that a look-up of a value need not go through the table.
        @usableFromInline var components: UnsafeMutablePointer<TableComponent>
        @usableFromInline let table: TablePointer
        /// The table's row that the chunk begins with.
        @usableFromInline let firstRow: UInt32
        /// Subtract it from a place in this page to get the row in its chunk. For a free number: the next free number,
        /// or `noNumber`.
        @usableFromInline var placeOfChunk: UInt32

        /// - Parameter row: The first row of the page.
        init(_ number: UInt32, row: Int, of table: TablePointer, _ header: TableStorage) {
            let first = header.firstRow(ofChunkWith: row)
            memory = header.memory(row: row)
            components = header.components
            self.table = table
            firstRow = UInt32(truncatingIfNeeded: first)
            placeOfChunk = number << UInt32(pageShift) &- UInt32(truncatingIfNeeded: row &- first)
        }
    }

    /// The most pages at once: 2^19, so that a place fits into 31 bits. That many full pages hold 2^31 entities.
    static let countMax = 1 << (31 - pageShift)
    private static let noNumber = UInt32.max

    @usableFromInline var entries: UnsafeMutablePointer<Entry>
    private var count = 0
    private var capacity = 16
    private var firstFree = noNumber

    init() {
        entries = .allocate(capacity: capacity)
    }

    /// Gives a number to the page of a table that begins with `row`.
    /// - Complexity: amortised O(1).
    mutating func add(row: Int, of table: TablePointer, _ header: TableStorage) -> UInt32 {
        var number = firstFree
        if number != Self.noNumber {
            firstFree = entries[Int(number)].placeOfChunk
        } else {
            if count == capacity { grow() }
            number = UInt32(count)
            count += 1
        }
        (entries + Int(number)).initialize(to: Entry(number, row: row, of: table, header))
        return number
    }

    /// Frees the number of a page that holds no entity.
    mutating func remove(_ number: UInt32) {
        entries[Int(number)].placeOfChunk = firstFree
        firstFree = number
    }

    /// Updates the entries after tables made room for more components.
    /// - Complexity: O(pages).
    func refreshComponents() {
        for number in 0..<count { entries[number].components = entries[number].table.pointee.components }
    }

    func deallocate() {
        entries.deallocate()
    }

    private mutating func grow() {
        guard count < Self.countMax else {
            fatalError(
                "World: more than \(Self.countMax) pages: too many different sets of components with few entities each."
            )
        }
        let grown = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
        grown.moveInitialize(from: entries, count: count)
        entries.deallocate()
        entries = grown
        capacity *= 2
    }
}
