import OrrerySchema
package import OrreryStore

/// One section of a batch as received. Values stay in the message.
package enum BatchSection {
    /// Components removed from the table, and new ones, without schemas.
    case table(removed: [ColumnID], added: [ComponentTable.Entry])
    /// The schema of a new component.
    case schema(EncodedSchema)
    case started([SubscriptionID])
    case despawn(RowSet)
    /// Entities that left a query and live on.
    case left(QueryNumber, RowSet)
    /// What the client knows of a query's members is void: those that follow are all.
    case restarted(QueryNumber)
    case joined(QueryNumber, RowSet)
    /// How many match a query with a window.
    case extent(QueryNumber, Extent)
    /// Whether the entity in the centre of a query's region is nowhere.
    case centre(QueryNumber, isLost: Bool)
    /// Generations, 32 bits little-endian each.
    case enter(RowSet, generations: UnsafeRawBufferPointer, spawned: Bool)
    case remove(ColumnID, RowSet)
    case values(ColumnID, RowSet, ValueColumn, inserted: Bool)
}

/// The values of a block, one after the other without gaps.
package struct ValueColumn {
    let bytes: UnsafeRawBufferPointer
    /// Bytes of each value, or `nil` if `ends` gives them.
    let valueSize: Int?
    /// Where each value ends.
    let ends: [Int]

    /// The bytes of all values, if they are of fixed size.
    package var packed: UnsafeRawBufferPointer? { valueSize == nil ? nil : bytes }

    package subscript(position: Int) -> UnsafeRawBufferPointer {
        let (start, end) =
            valueSize.map { (position * $0, (position + 1) * $0) }
            ?? (position == 0 ? 0 : ends[position - 1], ends[position])
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }
}

/// Reads the sections of one message of a batch in order, and checks each on its own: lengths, limits, ascending rows.
///
/// It cannot check whether the rows exist at the client; applying the sections checks that.
package struct BatchReader {
    package let head: BatchHead
    private var reader: ByteReader
    private let limits: WireLimits

    /// - Parameter bytes: A whole message; the bytes must outlive the reader and its sections.
    package init(_ bytes: UnsafeRawBufferPointer, limits: WireLimits) throws(WireError) {
        reader = ByteReader(bytes)
        self.limits = limits
        do throws(CodecError) {
            _ = try reader.readByte()
            head = try reader.readBatchHead()
        } catch {
            throw WireError(error, in: "a batch")
        }
    }

    /// The next section of a known kind; `nil` at the end.
    /// - Parameter table: The components at the time when the section is applied: earlier sections may have changed
    ///   them.
    package mutating func next(_ table: ComponentTable) throws(WireError) -> BatchSection? {
        do throws(CodecError) {
            while !reader.isAtEnd {
                var (number, isCritical, content) = try reader.readSection()
                if let section = try read(number, &content, table) {
                    try content.expectEnd()
                    return section
                }
                if isCritical { throw CodecError.notUnderstood(number) }
            }
            return nil
        } catch {
            throw WireError(error, in: "a batch for tick \(head.tick)")
        }
    }

    private func read(
        _ number: UInt8, _ content: inout ByteReader, _ table: ComponentTable
    ) throws(CodecError) -> BatchSection? {
        switch number {
        case BatchSectionKind.table:
            let count = try content.readCount(max: limits.componentCountMax, "components")
            let removed = try content.readAscending(
                max: limits.componentCountMax - 1, count: count, "a component's number"
            ).map(ColumnID.init)
            return .table(removed: removed, added: try content.readEntries(limits: limits))
        case BatchSectionKind.schema: return .schema(try content.readSchema())
        case BatchSectionKind.started:
            var started: [SubscriptionID] = []
            for _ in 0..<(try content.readCount(max: limits.subscriptionCountMax, "subscriptions")) {
                started.append(try content.readSubscription())
            }
            return .started(started)
        case BatchSectionKind.despawn: return .despawn(try content.readRows(indexMax: limits.entityIndexMax))
        case BatchSectionKind.left:
            return .left(
                QueryNumber(try content.readVarint()), try content.readRows(indexMax: limits.entityIndexMax))
        case BatchSectionKind.restarted: return .restarted(QueryNumber(try content.readVarint()))
        case BatchSectionKind.joined:
            return .joined(
                QueryNumber(try content.readVarint()), try content.readRows(indexMax: limits.entityIndexMax))
        case BatchSectionKind.extent:
            return .extent(QueryNumber(try content.readVarint()), try content.readExtent(limits: limits))
        case BatchSectionKind.centre:
            return .centre(QueryNumber(try content.readVarint()), isLost: try content.readFlag())
        default: return try content.readCells(number, table, limits)
        }
    }
}

extension ByteReader {
    /// Reads the content of a section of entities or cells.
    /// - Returns: `nil` for another number.
    mutating func readCells(
        _ number: UInt8, _ table: ComponentTable, _ limits: WireLimits
    ) throws(CodecError) -> BatchSection? {
        switch number {
        case BatchSectionKind.enter, BatchSectionKind.spawn:
            let rows = try readRows(indexMax: limits.entityIndexMax)
            return .enter(
                rows, generations: try readBytes(rows.count * 4), spawned: number == BatchSectionKind.spawn)
        case BatchSectionKind.remove:
            let entry = try readEntry(table, limits)
            return .remove(entry.column, try readRows(of: entry, limits))
        case BatchSectionKind.insert, BatchSectionKind.update:
            let entry = try readEntry(table, limits)
            let rows = try readRows(of: entry, limits)
            let values = try readValues(count: rows.count, valueSize: entry.valueSize, limits)
            return .values(entry.column, rows, values, inserted: number == BatchSectionKind.insert)
        default: return nil
        }
    }

    private mutating func readEntry(
        _ table: ComponentTable, _ limits: WireLimits
    ) throws(CodecError) -> ComponentTable.Entry {
        let start = offset
        let column = try readColumn(limits: limits)
        guard let entry = table[column] else {
            throw CodecError(.outOfDomain, at: start, "there is no component \(column)")
        }
        return entry
    }

    /// A resource has row 0 alone.
    private mutating func readRows(of entry: ComponentTable.Entry, _ limits: WireLimits) throws(CodecError) -> RowSet {
        let start = offset
        let rows = try readRows(indexMax: limits.entityIndexMax)
        guard !entry.isResource || rows.indexes == [Entity.resource.index] else {
            throw CodecError(.outOfDomain, at: start, "\(entry.name) is a resource, and has row 0 alone")
        }
        return rows
    }

    private mutating func readValues(
        count: Int, valueSize: Int?, _ limits: WireLimits
    ) throws(CodecError) -> ValueColumn {
        if let valueSize {
            return ValueColumn(bytes: try readBytes(count * valueSize), valueSize: valueSize, ends: [])
        }
        guard count <= remaining else {
            throw CodecError(.truncated, at: offset, "\(count) lengths in \(remaining) bytes")
        }
        var ends: [Int] = []
        ends.reserveCapacity(count)
        var end = 0
        for _ in 0..<count {
            end += try readCount(max: limits.valueSizeMax, "the bytes of a value")
            ends.append(end)
        }
        return ValueColumn(bytes: try readBytes(end), valueSize: nil, ends: ends)
    }
}

extension ByteReader {
    mutating func readBatchHead() throws(CodecError) -> BatchHead {
        try readLane()
        let start = offset
        let tick = try readVarint()
        let distance = try readVarint()
        guard distance <= tick else {
            throw CodecError(.outOfDomain, at: start, "the base lies \(distance) ticks before tick \(tick)")
        }
        let end = try readByte()
        guard end == BatchEnd.unfinished || end == BatchEnd.whole || end == BatchEnd.wholeUnasked else {
            throw CodecError(.outOfDomain, at: offset - 1, "the end of a batch is \(end), not 0, 1 or 3")
        }
        return BatchHead(
            tick: Tick(tick), base: Tick(tick - distance), isWhole: end != BatchEnd.unfinished,
            asksToAcknowledge: end != BatchEnd.wholeUnasked,
            part: try readCount(max: 1 << 30, "the parts of a batch"))
    }
}
