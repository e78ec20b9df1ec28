package import OrrerySchema
package import OrreryStore
package import OrreryTransport

/// The sections of a batch, one after the other; each may be in any message of the batch.
///
/// Sections longer than `partSizeMax` are split in two by rows, down to one row, so that each fits into a message.
package struct BatchSections: Sendable {
    /// Sections that were added whole, and what was written before them, each in one piece of memory.
    private var runs: [ByteWriter] = []
    /// What was written since.
    private var open = ByteWriter()
    private var closedByteCount = 0
    private let partSizeMax: Int

    /// Sections up to this size in all are copied when they are added to others, so that they lie in one piece; larger
    /// ones are shared.
    private static let copiedSizeMax = 4096
    /// The most memory that is kept when the sections are removed.
    private static let keptSizeMax = 2 << 20

    package init(partSizeMax: Int) {
        self.partSizeMax = partSizeMax
    }

    /// The bytes of all sections, with their kinds and lengths.
    package var byteCount: Int { closedByteCount + open.count }

    package var isEmpty: Bool { byteCount == 0 }

    /// Removes the sections and keeps their memory, within a limit.
    package mutating func removeAll() {
        if !runs.isEmpty { runs.removeAll(keepingCapacity: true) }
        closedByteCount = 0
        if open.bytes.capacity <= Self.keptSizeMax { open.removeAll() } else { open = ByteWriter() }
    }

    package mutating func append(contentsOf other: BatchSections) {
        guard other.byteCount > Self.copiedSizeMax else {
            for run in other.runs { open.append(contentsOf: run.bytes) }
            open.append(contentsOf: other.open.bytes)
            return
        }
        if open.count > 0 {
            runs.append(open)
            open = ByteWriter()
        }
        runs += other.runs
        if other.open.count > 0 { runs.append(other.open) }
        closedByteCount = runs.reduce(0) { $0 + $1.count }
    }

    /// Adds a section.
    /// - Parameter byteCount: The length of what `body` writes.
    @inline(__always)
    private mutating func append(_ kind: UInt8, _ byteCount: Int, _ body: (inout ByteWriter) -> Void) {
        open.append(kind)
        open.append(varint: byteCount)
        let start = open.count
        body(&open)
        precondition(open.count - start == byteCount, "a section of another length than was announced")
    }

    /// The encoding of a section's rows, or `nil` if the section would be too long and can be split.
    /// - Parameter byteCount: The bytes of the section besides the rows.
    private func encoding(of rows: RowSet, besides byteCount: Int) -> RowsOnWire? {
        guard byteCount < partSizeMax || rows.count == 1 else { return nil }
        let encoding = RowsOnWire(rows)
        let content = encoding.byteCount + byteCount
        return 1 + content.varintSize + content <= partSizeMax || rows.count == 1 ? encoding : nil
    }

    /// Adds removed and new components, the new ones with their schemas, if they have them.
    package mutating func append(removed: [ColumnID], added: [ComponentTable.Entry]) {
        var content = ByteWriter()
        content.append(varint: removed.count)
        for column in removed { content.append(varint: column.rawValue) }
        content.append(added)
        append(BatchSectionKind.table | SectionKind.mustBeUnderstood, content.count) {
            $0.append(contentsOf: content.bytes)
        }
        for case let schema? in added.map(\.schema) {
            append(BatchSectionKind.schema, schema.encoded.count) { $0.append(contentsOf: schema.encoded) }
        }
    }

    /// Adds subscriptions whose first state is complete with this batch.
    package mutating func append(started: [SubscriptionID]) {
        guard !started.isEmpty else { return }
        let numbers = started.map { Int($0.rawValue) }
        append(BatchSectionKind.started, numbers.reduce(numbers.count.varintSize) { $0 + $1.varintSize }) {
            $0.append(varint: numbers.count)
            for number in numbers { $0.append(varint: number) }
        }
    }

    /// Adds entities that are gone from the world.
    package mutating func append(despawned rows: RowSet) {
        guard !rows.isEmpty else { return }
        guard let encoding = encoding(of: rows, besides: 0) else {
            for half in rows.halves { append(despawned: half) }
            return
        }
        append(BatchSectionKind.despawn, encoding.byteCount) { $0.append(encoding) }
    }

    /// Says that what a client knows of a query's members is void: those that follow are all.
    package mutating func append(restarted query: QueryNumber) {
        append(BatchSectionKind.restarted | SectionKind.mustBeUnderstood, Int(query.rawValue).varintSize) {
            $0.append(varint: query.rawValue)
        }
    }

    /// Adds entities that left a query and live on.
    /// - Parameter rows: Ascending.
    package mutating func append(left rows: [UInt32], of query: QueryNumber) {
        append(BatchSectionKind.left | SectionKind.mustBeUnderstood, rows, of: Int(query.rawValue))
    }

    /// Adds entities that became members of a query; all of them have entered.
    /// - Parameter rows: Ascending.
    package mutating func append(joined rows: [UInt32], of query: QueryNumber) {
        append(BatchSectionKind.joined | SectionKind.mustBeUnderstood, rows, of: Int(query.rawValue))
    }

    /// Says how many match a query, of whom its window shows a part.
    package mutating func append(_ extent: Extent, of query: QueryNumber) {
        let size = Int(query.rawValue).varintSize + extent.total.varintSize + 1
        append(BatchSectionKind.extent, size) {
            $0.append(varint: query.rawValue)
            $0.append(extent)
        }
    }

    /// Says whether the entity in the centre of a query's region is nowhere.
    package mutating func append(centreIsLost isLost: Bool, of query: QueryNumber) {
        append(BatchSectionKind.centre, Int(query.rawValue).varintSize + 1) {
            $0.append(varint: query.rawValue)
            $0.append(isLost ? 1 : 0)
        }
    }

    /// Adds removed rows of a component whose entities are alive.
    package mutating func append(removed rows: RowSet, from column: ColumnID) {
        append(BatchSectionKind.remove, rows, of: column.rawValue)
    }

    /// Adds a list of rows, ascending.
    private mutating func append(_ kind: UInt8, _ rows: [UInt32], of number: Int) {
        guard !rows.isEmpty else { return }
        guard let size = byteCount(of: rows, besides: number.varintSize) else {
            append(kind, RowSet(rows), of: number)
            return
        }
        append(kind, size) {
            $0.append(varint: number)
            $0.append(gapsOf: rows)
        }
    }

    /// The bytes of a section with a list of rows; `nil` if it has to be split, or is shorter in another form.
    private func byteCount(of rows: [UInt32], besides byteCount: Int) -> Int? {
        guard let size = RowsOnWire.byteCountOfGaps(rows).map({ $0 + byteCount }) else { return nil }
        return 1 + size.varintSize + size <= partSizeMax ? size : nil
    }

    /// Adds rows of a query or component with this number.
    private mutating func append(_ kind: UInt8, _ rows: RowSet, of number: Int) {
        guard !rows.isEmpty else { return }
        guard let encoding = encoding(of: rows, besides: number.varintSize) else {
            for half in rows.halves { append(kind, half, of: number) }
            return
        }
        append(kind, number.varintSize + encoding.byteCount) {
            $0.append(varint: number)
            $0.append(encoding)
        }
    }

    /// Adds entities that become visible to the client, with their generations.
    /// - Parameter spawned: Whether they came to life after the base, and did not exist before.
    package mutating func append(entered rows: RowSet, spawned: Bool, of store: ComponentStore) {
        guard !rows.isEmpty else { return }
        let size = rows.count * 4
        guard let encoding = encoding(of: rows, besides: size) else {
            for half in rows.halves { append(entered: half, spawned: spawned, of: store) }
            return
        }
        append(spawned ? BatchSectionKind.spawn : BatchSectionKind.enter, encoding.byteCount + size) { writer in
            writer.append(encoding)
            store.entities.appendValues(of: rows, to: &writer)
        }
    }

    /// Adds the present values of rows of a component.
    /// - Parameter inserted: Whether the rows entered the component after the base. A client that has a value for such
    ///   a row then knows that it was removed in between.
    package mutating func append(_ rows: RowSet, inserted: Bool, of column: ColumnID, in store: ComponentStore) {
        guard !rows.isEmpty else { return }
        let source = store[column]
        let lengths = source.valueSize == nil ? rows.indexes.map { source.withValue(of: $0) { $0.count } ?? 0 } : []
        let size = source.valueSize.map { $0 * rows.count } ?? lengths.reduce(0) { $0 + $1 + $1.varintSize }
        let besides = column.rawValue.varintSize + size
        guard let encoding = encoding(of: rows, besides: besides) else {
            for half in rows.halves { append(half, inserted: inserted, of: column, in: store) }
            return
        }
        source.noteEncoded(byteCount: size)
        append(inserted ? BatchSectionKind.insert : BatchSectionKind.update, encoding.byteCount + besides) { writer in
            writer.append(varint: column.rawValue)
            writer.append(encoding)
            if source.valueSize != nil {
                source.appendValues(of: rows, to: &writer)
            } else {
                for length in lengths { writer.append(varint: length) }
                rows.forEach { row in source.withValue(of: row) { writer.append(contentsOf: $0) } }
            }
        }
    }

    /// Adds the present values of a list of rows, ascending, that entered a component after the base.
    package mutating func append(inserted rows: [UInt32], of column: ColumnID, in store: ComponentStore) {
        guard !rows.isEmpty else { return }
        let source = store[column]
        guard let valuesSize = source.valueSize.map({ $0 * rows.count }),
            let size = byteCount(of: rows, besides: column.rawValue.varintSize + valuesSize)
        else {
            append(RowSet(rows), inserted: true, of: column, in: store)
            return
        }
        source.noteEncoded(byteCount: valuesSize)
        append(BatchSectionKind.insert, size) { writer in
            writer.append(varint: column.rawValue)
            writer.append(gapsOf: rows)
            source.appendValues(of: rows, to: &writer)
        }
    }

    /// Adds the values of updated rows of a component of fixed size.
    /// - Returns: Whether they were added: a section that has to be split, or is shorter in another form, is not.
    package mutating func append(_ updates: RowUpdates, of column: ColumnID, in store: ComponentStore) -> Bool {
        guard updates.count > 0 else { return true }
        let rowsSize = 1 + updates.count.varintSize + updates.gaps.count
        let size = column.rawValue.varintSize + rowsSize + updates.values.count
        guard 1 + size.varintSize + size <= partSizeMax,
            RowsOnWire.bitmapSize(from: updates.first, to: updates.last).total >= updates.gaps.count
        else { return false }
        store[column].noteEncoded(byteCount: updates.values.count)
        append(BatchSectionKind.update, size) { writer in
            writer.append(varint: column.rawValue)
            writer.append(deltas: updates.gaps, count: updates.count)
            writer.append(contentsOf: updates.values)
        }
        return true
    }

    /// Each section with its kind and length, in order.
    package var sections: [[UInt8]] {
        (runs + [open]).flatMap { run in
            var sections: [[UInt8]] = []
            var start = 0
            while start < run.count {
                let end = Self.endOfSection(at: start, in: run)
                sections.append(Array(run.bytes[start..<end]))
                start = end
            }
            return sections
        }
    }

    /// Where the section at an offset ends: it begins with its kind and length.
    private static func endOfSection(at start: Int, in run: ByteWriter) -> Int {
        var (position, length, shift) = (start + 1, 0, 0)
        while true {
            let byte = run.bytes[position]
            length |= Int(byte & 0x7f) << shift
            position += 1
            shift += 7
            if byte < 0x80 { return position + length }
        }
    }

    /// The messages of a batch: as many sections in each as `partSizeMax` allows.
    /// - Parameters:
    ///   - firstPart: The position of the first message in the batch.
    ///   - isWhole: Whether the batch ends with the last message.
    ///   - asksToAcknowledge: Whether the last message asks for it, too.
    ///   - pool: Memory for the messages.
    /// - Returns: At least one message.
    package func messages(
        tick: Tick, base: Tick, firstPart: Int = 0, isWhole: Bool = true, asksToAcknowledge: Bool = true,
        in pool: inout FramePool
    ) -> [Frame] {
        messages(in: &pool) { writer, part, isLast in
            writer.append(
                BatchHead(
                    tick: tick, base: base, isWhole: isWhole && isLast, asksToAcknowledge: asksToAcknowledge,
                    part: firstPart + part))
        }
    }

    /// The messages of the answer to a query: as many sections in each as `partSizeMax` allows.
    /// - Precondition: The sections are those of entities and inserted values.
    /// - Returns: At least one message.
    package func messages(
        answering id: QueryID, at tick: Tick, _ head: AnswerHead, _ limits: WireLimits, in pool: inout FramePool
    ) -> [Frame] {
        messages(in: &pool) { writer, part, isLast in
            writer.append(id, .part(tick, isLast: isLast, head: part == 0 ? head : nil), limits)
        }
    }

    /// - Parameter writeHead: Writes what comes before the sections, given the position of the message among all, and
    ///   whether it is the last.
    private func messages(
        in pool: inout FramePool, _ writeHead: (inout ByteWriter, _ part: Int, _ isLast: Bool) -> Void
    ) -> [Frame] {
        var messages: [Frame] = []
        var place = Place()
        repeat {
            let start = place
            let size = advance(&place)
            let isLast = place.run > runs.count
            messages.append(
                pool.frame(writing: size + 32) { writer in
                    writeHead(&writer, messages.count, isLast)
                    copy(from: start, to: place, into: &writer)
                })
        } while place.run <= runs.count
        return messages
    }

    /// Where a section begins: in which run, and at which offset. Past the end, in the run after the open one.
    private struct Place {
        var run = 0
        var offset = 0
    }

    /// The run at a position; the open one is the last.
    private func run(at position: Int) -> ByteWriter { position < runs.count ? runs[position] : open }

    /// Goes on by as many sections as fit into one message, by one at least.
    /// - Returns: Their bytes.
    private func advance(_ place: inout Place) -> Int {
        var size = 0
        while place.run <= runs.count {
            let run = run(at: place.run)
            if size + run.count - place.offset <= partSizeMax {
                size += run.count - place.offset
            } else {
                while place.offset < run.count {
                    let end = Self.endOfSection(at: place.offset, in: run)
                    guard size == 0 || size + end - place.offset <= partSizeMax else { return size }
                    size += end - place.offset
                    place.offset = end
                }
            }
            place = Place(run: place.run + 1)
        }
        return size
    }

    private func copy(from start: Place, to end: Place, into writer: inout ByteWriter) {
        for position in start.run...end.run where position <= runs.count {
            let run = run(at: position)
            let first = position == start.run ? start.offset : 0
            let last = position < end.run ? run.count : end.offset
            run.bytes.withUnsafeBytes {
                writer.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[first..<last]))
            }
        }
    }

    /// The messages of a batch, in newly allocated memory.
    package func messages(tick: Tick, base: Tick, firstPart: Int = 0, isWhole: Bool = true) -> [[UInt8]] {
        var pool = FramePool()
        return messages(tick: tick, base: base, firstPart: firstPart, isWhole: isWhole, in: &pool).map(\.bytes)
    }
}

extension FramePool {
    /// A frame whose payload is written by `body`.
    mutating func frame(writing capacity: Int, _ body: (inout ByteWriter) -> Void) -> Frame {
        frame(capacity: capacity) { storage in
            // The writer must hold the only reference to the bytes: an array with two references is copied.
            var bytes: [UInt8] = []
            swap(&storage, &bytes)
            var writer = ByteWriter(continuing: consume bytes)
            body(&writer)
            storage = (consume writer).bytes
        }
    }
}
