/// All chunks that hold entities, by number. A slot of an entity names a row by the number of its chunk and the place in it,
/// so it is half as long as an address and a row would be, and a look-up in random order misses the caches less.
@usableFromInline
struct ChunkDirectory: BitwiseCopyable {
    @usableFromInline
    struct Entry: BitwiseCopyable {
        @usableFromInline var memory: UnsafeMutableRawPointer
        /// That of the table, copied here: a look-up of a value need not go through the table.
        @usableFromInline var columnOfComponent: UnsafeMutablePointer<ColumnPointer?>
        @usableFromInline let table: TablePointer
        /// The row of the table that the chunk begins with; of a number that is free, the next free one, or -1.
        @usableFromInline var firstRow: Int
    }

    /// The most chunks at once: 2^19, so that a place fits into 31 bits. As many full ones hold 2^31 entities.
    static let countMax = 1 << (31 - chunkShift)

    @usableFromInline var entries: UnsafeMutablePointer<Entry>
    private var count = 0
    private var capacity = 16
    private var firstFree = -1

    init() {
        entries = .allocate(capacity: capacity)
    }

    /// Gives a chunk a number.
    /// - Complexity: amortised O(1).
    mutating func add(_ table: TablePointer, memory: UnsafeMutableRawPointer, firstRow: Int) -> UInt32 {
        let entry = Entry(
            memory: memory, columnOfComponent: table.pointee.columnOfComponent, table: table, firstRow: firstRow)
        if firstFree >= 0 {
            let number = firstFree
            firstFree = entries[number].firstRow
            entries[number] = entry
            return UInt32(number)
        }
        if count == capacity { grow() }
        (entries + count).initialize(to: entry)
        count += 1
        return UInt32(count - 1)
    }

    /// Frees the number of a chunk that holds no entity.
    mutating func remove(_ number: UInt32) {
        entries[Int(number)].firstRow = firstFree
        firstFree = Int(number)
    }

    /// Follows tables that made room for more components.
    /// - Complexity: O(chunks).
    func refreshColumns() {
        for number in 0..<count { entries[number].columnOfComponent = entries[number].table.pointee.columnOfComponent }
    }

    func deallocate() {
        entries.deallocate()
    }

    private mutating func grow() {
        guard count < Self.countMax else {
            fatalError(
                "World: more than \(Self.countMax) chunks: too many different sets of components with few entities each."
            )
        }
        let grown = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
        grown.moveInitialize(from: entries, count: count)
        entries.deallocate()
        entries = grown
        capacity *= 2
    }
}
