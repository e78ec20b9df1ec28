import OrrerySchema
import OrreryStore

private enum EntryFlag {
    static let writable: UInt8 = 1
    static let defaultValue: UInt8 = 2
    static let resource: UInt8 = 4
    static let status: UInt8 = 8
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
                        | (entry.isResource ? EntryFlag.resource : 0) | (entry.isStatus ? EntryFlag.status : 0))
                if let value = entry.defaultValue { $0.append(sized: value) }
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
        return ComponentTable.Entry(
            column, name: name, schemaHash: hash, valueSize: form == 0 ? nil : form - 1,
            isWritable: flags & EntryFlag.writable != 0, isResource: flags & EntryFlag.resource != 0,
            isStatus: flags & EntryFlag.status != 0,
            defaultValue: flags & EntryFlag.defaultValue == 0 ? nil : try readSizedBytes(limits: limits))
    }

    mutating func readColumn(limits: WireLimits) throws(CodecError) -> ColumnID {
        ColumnID(try readCount(max: limits.componentCountMax - 1, "a component's number"))
    }
}
