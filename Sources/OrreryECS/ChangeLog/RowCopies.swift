internal import OrrerySchema

/// Contiguous copies of the entities and values of written rows.
struct RowCopies {
    private(set) var count = 0
    private(set) var entities: UnsafeMutablePointer<Entity>
    /// `nil` for a tag, and while there is no row.
    private(set) var values: UnsafeMutableRawPointer?

    private let operations: ComponentOperations
    private var capacity = 0
    /// Rows per copy within a run. For a million rows, this is a tenth faster than copying by pages, whose copies begin
    /// with `rep movsb`.
    private static let pieceLength = 32
    /// Room for the marked rows of one page.
    private let marked = UnsafeMutablePointer<UInt16>.allocate(capacity: MarkedRows.capacity)

    init(of operations: ComponentOperations) {
        self.operations = operations
        entities = .allocate(capacity: 1)
    }

    /// Appends the marked rows of a page, and clears the marks.
    /// - Complexity: O(rows of the page / 64 + marked rows).
    mutating func drain(
        _ words: UnsafeMutablePointer<UInt64>, rowCount: Int, entities source: UnsafePointer<Entity>,
        values sourceValues: UnsafeRawPointer
    ) {
        let wordCount = MarkStorage.wordCount(rows: rowCount)
        if MarkedRows.areAll(words, rowCount: rowCount) {
            words.update(repeating: 0, count: wordCount)
            let (entityTarget, target) = append(rowCount)
            for first in Swift.stride(from: 0, to: rowCount, by: Self.pieceLength) {
                let (length, offset) = (min(Self.pieceLength, rowCount - first), first * operations.stride)
                (entityTarget + first).initialize(from: source + first, count: length)
                operations.copyRun(target + offset, sourceValues + offset, length)
            }
            return
        }
        let rows = MarkedRows(draining: words, wordCount: wordCount, into: marked)
        let (entityTarget, target) = append(rows.count)
        if operations.isBitwise {
            rows.copy(source, sourceValues, stride: operations.stride, to: entityTarget, target)
        } else {
            let copy = operations.copyInitialize
            rows.copy(source, sourceValues, stride: operations.stride, to: entityTarget, target, by: copy)
        }
    }

    /// Appends one row.
    mutating func append(_ entity: Entity, copying value: UnsafeRawPointer) {
        let (entityTarget, target) = append(1)
        entityTarget.initialize(to: entity)
        operations.copyInitialize(target, value)
    }

    /// Adds uninitialised rows.
    private mutating func append(_ added: Int) -> (UnsafeMutablePointer<Entity>, values: UnsafeMutableRawPointer) {
        if count + added > capacity { grow(to: max(count + added, capacity * 2, 64)) }
        defer { count += added }
        // A tag has no stored values, so nothing is copied there.
        return (entities + count, (values ?? UnsafeMutableRawPointer(entities)) + count * operations.stride)
    }

    /// Destroys the values; the buffers are kept.
    mutating func removeAll() {
        if let values, !operations.isBitwise, count > 0 { operations.deinitialize(values, count) }
        count = 0
    }

    func deallocate() {
        entities.deallocate()
        values?.deallocate()
        marked.deallocate()
    }

    private mutating func grow(to capacity: Int) {
        let grownEntities = LargeMemory.allocate(Entity.self, capacity: capacity)
        grownEntities.moveInitialize(from: entities, count: count)
        entities.deallocate()
        entities = grownEntities
        if operations.stride > 0 {
            let grownValues = LargeMemory.allocate(byteCount: capacity * operations.stride)
            if let values {
                operations.moveRun(grownValues, values, count)
                values.deallocate()
            }
            values = grownValues
        }
        self.capacity = capacity
    }
}
