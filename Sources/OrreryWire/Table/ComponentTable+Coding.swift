import OrrerySchema
import OrreryStore

private enum EntryFlag {
    static let writable: UInt8 = 1
    static let defaultValue: UInt8 = 2
    static let resource: UInt8 = 4
    static let status: UInt8 = 8
    static let spatial: UInt8 = 16
}

extension ByteWriter {
    /// Writes entries of the component table. Their schemas are written separately.
    mutating func append(_ entries: [ComponentTable.Entry]) {
        append(varint: entries.count)
        for entry in entries {
            appendSized {
                $0.append(varint: entry.column.rawValue)
                $0.append(string: entry.name)
                $0.append(integer: entry.schemaHash.rawValue)
                $0.append(varint: entry.valueSize.map { $0 + 1 } ?? 0)
                $0.append(
                    (entry.isWritable ? EntryFlag.writable : 0)
                        | (entry.defaultValue == nil ? 0 : EntryFlag.defaultValue)
                        | (entry.isResource ? EntryFlag.resource : 0) | (entry.isStatus ? EntryFlag.status : 0)
                        | (entry.spatial == nil ? 0 : EntryFlag.spatial))
                if let value = entry.defaultValue { $0.append(sized: value) }
                if let spatial = entry.spatial {
                    $0.append(varint: spatial.path.count)
                    for position in spatial.path { $0.append(varint: position) }
                    $0.append(integer: spatial.cellSize.bitPattern)
                }
            }
        }
    }
}

extension ByteReader {
    /// - Returns: Entries without schemas, with ascending numbers and different names.
    mutating func readEntries(limits: WireLimits) throws(CodecError) -> [ComponentTable.Entry] {
        var entries: [ComponentTable.Entry] = []
        var names: Set<String> = []
        for _ in 0..<(try readCount(max: limits.componentCountMax, "components")) {
            // Additions of a newer server at the end are skipped.
            var content = try readSized()
            let entry = try content.readEntry(limits: limits)
            guard entries.last.map({ $0.column < entry.column }) ?? true else {
                throw CodecError(.notCanonical, at: offset, "the numbers of components do not ascend")
            }
            guard names.insert(entry.name).inserted else {
                throw CodecError(.unknownReference, at: offset, "two components have one name, '\(entry.name)'")
            }
            entries.append(entry)
        }
        return entries
    }

    private mutating func readEntry(limits: WireLimits) throws(CodecError) -> ComponentTable.Entry {
        let column = try readColumn(limits: limits)
        let name = try readString(byteCountMax: limits.schema.nameSizeMax)
        let hash = SchemaHash(try read(UInt64.self))
        let form = try readCount(max: limits.schema.fixedSizeMax + 1, "the size of a value")
        let flags = try readByte()
        let defaultValue = flags & EntryFlag.defaultValue == 0 ? nil : try readSizedBytes(limits: limits)
        return ComponentTable.Entry(
            column, name: name, schemaHash: hash, valueSize: form == 0 ? nil : form - 1,
            isWritable: flags & EntryFlag.writable != 0, isResource: flags & EntryFlag.resource != 0,
            isStatus: flags & EntryFlag.status != 0,
            spatial: flags & EntryFlag.spatial == 0 ? nil : try readSpatialField(limits: limits),
            defaultValue: defaultValue)
    }

    private mutating func readSpatialField(limits: WireLimits) throws(CodecError) -> SpatialField {
        var path: [Int] = []
        for _ in 0..<(try readCount(max: limits.schema.depthMax, "the steps to coordinates")) {
            path.append(try readCount(max: limits.schema.fieldCountMax, "a field's position"))
        }
        let cellSize = Double(bitPattern: try read(UInt64.self))
        guard SpatialField.isUsable(cellSize: cellSize) else {
            throw CodecError(.outOfDomain, at: offset - 8, "\(cellSize) is no size of a cell")
        }
        return SpatialField(path: path, cellSize: cellSize)
    }

    mutating func readColumn(limits: WireLimits) throws(CodecError) -> ColumnID {
        ColumnID(try readCount(max: limits.componentCountMax - 1, "a component's number"))
    }
}
