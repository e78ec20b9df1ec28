public import OrrerySchema
public import OrreryStore

/// One section of a batch, as it came. Values stay where they are in the message.
public enum BatchSection {
    case started([SubscriptionID])
    case despawn(RowSet)
    /// Generations, 32 bits little-endian each.
    case enter(RowSet, generations: UnsafeRawBufferPointer, spawned: Bool)
    case remove(ColumnID, RowSet)
    case values(ColumnID, RowSet, ValueColumn, inserted: Bool)
}

/// The values of a block: one after the other without gaps.
public struct ValueColumn {
    let bytes: UnsafeRawBufferPointer
    /// Bytes of every value, or `nil` where `ends` says them.
    let valueSize: Int?
    /// Where each value ends.
    let ends: [Int]

    /// The bytes of all values, where they are of fixed size.
    public var packed: UnsafeRawBufferPointer? { valueSize == nil ? nil : bytes }

    public subscript(position: Int) -> UnsafeRawBufferPointer {
        let (start, end) =
            valueSize.map { (position * $0, (position + 1) * $0) }
            ?? (position == 0 ? 0 : ends[position - 1], ends[position])
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }
}

/// Reads the sections of one message of a batch, in order, each checked on its own: lengths, limits, ascending rows.
///
/// What it cannot know is whether the rows exist at the reader; that is checked when they are applied.
public struct BatchReader {
    public let head: BatchHead
    private var reader: ByteReader
    private let schemas: [ComponentSchema]
    private let limits: WireLimits

    /// - Parameter bytes: a whole message; they must outlive the reader and its sections.
    public init(
        _ bytes: UnsafeRawBufferPointer, schemas: [ComponentSchema], limits: WireLimits
    ) throws(WireError) {
        reader = ByteReader(bytes)
        self.schemas = schemas
        self.limits = limits
        do throws(CodecError) {
            _ = try reader.readByte()
            head = try reader.readBatchHead()
        } catch {
            throw WireError(error, in: "a batch")
        }
    }

    /// The next section of a known kind; `nil` at the end.
    public mutating func next() throws(WireError) -> BatchSection? {
        do throws(CodecError) {
            while !reader.isAtEnd {
                let kind = try reader.readByte()
                var content = try reader.readSized()
                if let section = try read(kind, &content) {
                    try content.expectEnd()
                    return section
                }
            }
            return nil
        } catch {
            throw WireError(error, in: "a batch for tick \(head.tick)")
        }
    }

    private func read(_ kind: UInt8, _ content: inout ByteReader) throws(CodecError) -> BatchSection? {
        switch kind {
        case BatchSectionKind.started:
            var started: [SubscriptionID] = []
            for _ in 0..<(try content.readCount(max: limits.subscriptionCountMax, "subscriptions")) {
                started.append(try content.readSubscription())
            }
            return .started(started)
        case BatchSectionKind.despawn: return .despawn(try content.readRows(indexMax: limits.entityIndexMax))
        case BatchSectionKind.enter, BatchSectionKind.spawn:
            let rows = try content.readRows(indexMax: limits.entityIndexMax)
            return .enter(
                rows, generations: try content.readBytes(rows.count * 4), spawned: kind == BatchSectionKind.spawn)
        case BatchSectionKind.remove:
            return .remove(try readColumn(&content), try content.readRows(indexMax: limits.entityIndexMax))
        case BatchSectionKind.insert, BatchSectionKind.update:
            let column = try readColumn(&content)
            let rows = try content.readRows(indexMax: limits.entityIndexMax)
            let values = try readValues(
                &content, count: rows.count, valueSize: schemas[column.rawValue].type.fixedSize)
            return .values(column, rows, values, inserted: kind == BatchSectionKind.insert)
        default: return nil
        }
    }

    private func readColumn(_ content: inout ByteReader) throws(CodecError) -> ColumnID {
        let start = content.offset
        let number = try content.readCount(max: limits.componentCountMax - 1, "a component's number")
        guard number < schemas.count else {
            throw CodecError(.outOfDomain, at: start, "there is no component \(number), only \(schemas.count)")
        }
        return ColumnID(number)
    }

    private func readValues(
        _ content: inout ByteReader, count: Int, valueSize: Int?
    ) throws(CodecError) -> ValueColumn {
        if let valueSize {
            return ValueColumn(bytes: try content.readBytes(count * valueSize), valueSize: valueSize, ends: [])
        }
        guard count <= content.remaining else {
            throw CodecError(.truncated, at: content.offset, "\(count) lengths in \(content.remaining) bytes")
        }
        var ends: [Int] = []
        ends.reserveCapacity(count)
        var end = 0
        for _ in 0..<count {
            end += try content.readCount(max: limits.valueSizeMax, "the bytes of a value")
            ends.append(end)
        }
        return ValueColumn(bytes: try content.readBytes(end), valueSize: nil, ends: ends)
    }
}

extension ByteReader {
    mutating func readBatchHead() throws(CodecError) -> BatchHead {
        let start = offset
        let tick = try readVarint()
        let distance = try readVarint()
        guard distance <= tick else {
            throw CodecError(.outOfDomain, at: start, "the base lies \(distance) ticks before tick \(tick)")
        }
        let isWhole = try readFlag()
        return BatchHead(
            tick: Tick(tick), base: Tick(tick - distance), isWhole: isWhole,
            part: try readCount(max: 1 << 30, "the parts of a batch"))
    }
}
