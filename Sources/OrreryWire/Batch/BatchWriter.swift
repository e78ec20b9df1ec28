package import OrrerySchema
package import OrreryStore
package import OrreryTransport

/// The head of each message of a batch.
package struct BatchHead: Hashable, Sendable {
    /// The tick of the state after the batch.
    package var tick: Tick
    /// The batch has all changes after this tick. A client at an earlier tick has missed some.
    package var base: Tick
    /// Whether this is the last message of the batch: the client now applies all staged messages at once.
    package var isWhole: Bool
    /// The position of the message in the batch, from 0. Part 0 drops the staged messages of an unfinished batch.
    package var part: Int

    package init(tick: Tick, base: Tick, isWhole: Bool, part: Int) {
        self.tick = tick
        self.base = base
        self.isWhole = isWhole
        self.part = part
    }
}

/// The numbers of the sections of a batch. They are written and applied in the order table, schema, restarted, started,
/// despawn, left, enter, spawn, joined, remove, and then values. 9 is reserved for events.
enum BatchSectionKind {
    static let started: UInt8 = 1
    static let despawn: UInt8 = 2
    static let left: UInt8 = 3
    static let enter: UInt8 = 4
    static let spawn: UInt8 = 5
    static let remove: UInt8 = 6
    static let insert: UInt8 = 7
    static let update: UInt8 = 8
    static let table: UInt8 = 10
    static let schema: UInt8 = 11
    static let joined: UInt8 = 12
    static let restarted: UInt8 = 13
}

/// The sections of a batch, one after the other; each may be in any message of the batch.
///
/// Sections longer than `partSizeMax` are split in two by rows, down to one row, so that each fits into a message.
package struct BatchSections: Sendable {
    /// Each section with its kind and length, in order.
    package private(set) var sections: [[UInt8]] = []
    package private(set) var byteCount = 0
    private let partSizeMax: Int
    private var spare = SpareBuffers()

    package init(partSizeMax: Int) {
        self.partSizeMax = partSizeMax
    }

    package var isEmpty: Bool { sections.isEmpty }

    /// Removes the sections and keeps their memory.
    package mutating func removeAll() {
        for section in sections { spare.give(section) }
        sections = []
        byteCount = 0
    }

    package mutating func append(contentsOf other: BatchSections) {
        sections.append(contentsOf: other.sections)
        byteCount += other.byteCount
    }

    /// - Parameter expected: The approximate length of the section.
    private mutating func append(_ kind: UInt8, expecting expected: Int = 0, _ body: (inout ByteWriter) -> Void) {
        var section = spare.take(capacity: expected + 16)
        section.appendSection(kind, expecting: expected, body)
        sections.append(section.bytes)
        byteCount += section.count
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
        append(BatchSectionKind.table | SectionKind.mustBeUnderstood) {
            $0.append(varint: removed.count)
            for column in removed { $0.append(varint: column.rawValue) }
            $0.append(added)
        }
        for case let schema? in added.map(\.schema) {
            append(BatchSectionKind.schema) { $0.append(contentsOf: schema.encoded) }
        }
    }

    /// Adds subscriptions whose first state is complete with this batch.
    package mutating func append(started: [SubscriptionID]) {
        guard !started.isEmpty else { return }
        append(BatchSectionKind.started) {
            $0.append(varint: started.count)
            for id in started { $0.append(varint: UInt64(id.rawValue)) }
        }
    }

    /// Adds entities that are gone from the world.
    package mutating func append(despawned rows: RowSet) {
        guard !rows.isEmpty else { return }
        guard let encoding = encoding(of: rows, besides: 0) else {
            for half in rows.halves { append(despawned: half) }
            return
        }
        append(BatchSectionKind.despawn) { $0.append(encoding) }
    }

    /// Says that what a client knows of a query's members is void: those that follow are all.
    package mutating func append(restarted query: QueryNumber) {
        append(BatchSectionKind.restarted | SectionKind.mustBeUnderstood) { $0.append(varint: query.rawValue) }
    }

    /// Adds entities that left a query and live on.
    package mutating func append(left rows: RowSet, of query: QueryNumber) {
        append(BatchSectionKind.left, rows, of: query)
    }

    /// Adds entities that became members of a query; all of them have entered.
    package mutating func append(joined rows: RowSet, of query: QueryNumber) {
        append(BatchSectionKind.joined, rows, of: query)
    }

    private mutating func append(_ kind: UInt8, _ rows: RowSet, of query: QueryNumber) {
        guard !rows.isEmpty else { return }
        guard let encoding = encoding(of: rows, besides: Int(query.rawValue).varintSize) else {
            for half in rows.halves { append(kind, half, of: query) }
            return
        }
        append(kind | SectionKind.mustBeUnderstood) {
            $0.append(varint: query.rawValue)
            $0.append(encoding)
        }
    }

    /// Adds entities that become visible to the client, with their generations.
    /// - Parameter spawned: Whether they came to life after the base, and did not exist before.
    package mutating func append(entered rows: RowSet, spawned: Bool, of store: ComponentStore) {
        guard !rows.isEmpty else { return }
        guard let encoding = encoding(of: rows, besides: rows.count * 4) else {
            for half in rows.halves { append(entered: half, spawned: spawned, of: store) }
            return
        }
        append(spawned ? BatchSectionKind.spawn : BatchSectionKind.enter) { writer in
            writer.append(encoding)
            store.entities.appendValues(of: rows, to: &writer)
        }
    }

    /// Adds removed rows of a component whose entities are alive.
    package mutating func append(removed rows: RowSet, from column: ColumnID) {
        guard !rows.isEmpty else { return }
        guard let encoding = encoding(of: rows, besides: column.rawValue.varintSize) else {
            for half in rows.halves { append(removed: half, from: column) }
            return
        }
        append(BatchSectionKind.remove) {
            $0.append(varint: column.rawValue)
            $0.append(encoding)
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
        guard let encoding = encoding(of: rows, besides: column.rawValue.varintSize + size) else {
            for half in rows.halves { append(half, inserted: inserted, of: column, in: store) }
            return
        }
        source.noteEncoded(byteCount: size)
        let expected = size + rows.words.count * 8 + 8
        append(inserted ? BatchSectionKind.insert : BatchSectionKind.update, expecting: expected) { writer in
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

    /// The messages of a batch: as many sections in each as `partSizeMax` allows.
    /// - Parameters:
    ///   - firstPart: The position of the first message in the batch.
    ///   - isWhole: Whether the batch ends with the last message.
    ///   - pool: Memory for the messages.
    /// - Returns: At least one message.
    package func messages(
        tick: Tick, base: Tick, firstPart: Int = 0, isWhole: Bool = true, in pool: inout FramePool
    ) -> [Frame] {
        messages(in: &pool) { writer, part, isLast in
            writer.append(BatchHead(tick: tick, base: base, isWhole: isWhole && isLast, part: firstPart + part))
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
        var next = 0
        repeat {
            var end = next
            var size = 0
            while end < sections.count, end == next || size + sections[end].count <= partSizeMax {
                size += sections[end].count
                end += 1
            }
            messages.append(
                pool.frame(writing: size + 32) { writer in
                    writeHead(&writer, messages.count, end == sections.count)
                    for section in sections[next..<end] { writer.append(contentsOf: section) }
                })
            next = end
        } while next < sections.count
        return messages
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

extension ByteWriter {
    fileprivate mutating func append(_ head: BatchHead) {
        append(ServerMessageKind.syncBatch)
        appendLane()
        append(varint: head.tick.rawValue)
        append(varint: head.tick.ticks(since: head.base))
        append(head.isWhole ? 1 : 0)
        append(varint: head.part)
    }
}
