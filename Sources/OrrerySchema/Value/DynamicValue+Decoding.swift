/// The limits of one value, whoever sends it. They are part of what a value is, and so the same everywhere.
public enum ValueLimits {
    /// Elements of one array, set or dictionary. Prevents values that are nothing but a count.
    public static let elementCountMax = 1 << 20
    /// Values inside one value, all levels together. Prevents bytes that stand for much more than they are: an array of
    /// a million structures without fields takes three bytes.
    public static let partCountMax = 1 << 20
    /// Bytes of one value in wire form; `WireLimits/valueSizeMax` may set a lower limit.
    public static let sizeMax = 256 << 10
}

extension DynamicValue {
    /// Reads one value that fills `bytes` exactly.
    /// - Throws: ``CodecError`` that says what is wrong and where; there is no other failure, whatever the bytes are.
    public init(decoding bytes: UnsafeRawBufferPointer, as type: FieldType) throws(CodecError) {
        var reader = ByteReader(bytes)
        self = try reader.readValue(as: type)
        try reader.expectEnd()
    }

    /// Reads a value that fills the bytes exactly.
    public init(decoding bytes: [UInt8], as type: FieldType) throws(CodecError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(CodecError) in try DynamicValue(decoding: buffer, as: type) }
        }
        self = try result.get()
    }

    /// The canonical bytes.
    public func encoded(as type: FieldType) throws(CodecError) -> [UInt8] {
        try ByteWriter.bytes(of: self, as: type)
    }
}

extension ByteReader {
    /// Reads one value of a type.
    public mutating func readValue(as type: FieldType) throws(CodecError) -> DynamicValue {
        valueCount += 1
        guard valueCount <= ValueLimits.partCountMax else {
            throw CodecError(
                .limitExceeded, at: offset, "a value has more than \(ValueLimits.partCountMax) values inside")
        }
        switch type {
        case .scalar(let scalar): return try readScalar(scalar)
        case .vector(let scalar, let lanes):
            var values: [DynamicValue] = []
            for _ in 0..<lanes { values.append(try readScalar(scalar)) }
            return .vector(values)
        case .entity: return .entity(try readEntity())
        case .enumeration(let cases): return .enumeration(cases[try readCaseIndex(caseCount: cases.count)].name)
        case .string: return .string(try readString(byteCountMax: ValueLimits.sizeMax))
        case .structure(let fields): return .structure(try readMembers(fields))
        case .optional(let wrapped):
            let flag = try readByte()
            guard flag <= 1 else {
                throw CodecError(.outOfDomain, at: offset - 1, "an optional begins with \(flag), not 0 or 1")
            }
            return .optional(flag == 0 ? nil : try readValue(as: wrapped))
        case .array(let element):
            var values: [DynamicValue] = []
            for _ in 0..<(try readElementCount(element)) { values.append(try readValue(as: element)) }
            return .array(values)
        case .set(let element):
            var values: [DynamicValue] = []
            try readSorted(try readElementCount(element), key: element) { value, _ in values.append(value) }
            return .set(values)
        case .dictionary(let keyType, let valueType):
            var entries: [DynamicValue.Entry] = []
            try readSorted(try readElementCount(keyType), key: keyType) { key, reader throws(CodecError) in
                entries.append(.init(key: key, value: try reader.readValue(as: valueType)))
            }
            return .dictionary(entries)
        case .union(let cases):
            let index = try readCount(max: cases.count - 1, "the cases of a union")
            return .union(cases[index].name, try readMembers(cases[index].fields))
        }
    }

    private mutating func readMembers(_ fields: [Field]) throws(CodecError) -> [DynamicValue.Member] {
        var members: [DynamicValue.Member] = []
        members.reserveCapacity(fields.count)
        for field in fields { members.append(.init(field.name, try readValue(as: field.type))) }
        return members
    }

    /// Reads the index of a case of an enumeration without payload.
    package mutating func readCaseIndex(caseCount: Int) throws(CodecError) -> Int {
        let start = offset
        let index: Int
        switch FieldType.caseIndexSize(caseCount: caseCount) {
        case 0: index = 0
        case 1: index = Int(try readByte())
        default: index = Int(try read(UInt16.self))
        }
        guard index < caseCount else {
            throw CodecError(.outOfDomain, at: start, "there is no case \(index), only \(caseCount)")
        }
        return index
    }

    /// Reads a count that the bytes left can hold, so that no memory is allocated for missing elements.
    package mutating func readElementCount(_ element: FieldType) throws(CodecError) -> Int {
        let start = offset
        let count = try readCount(max: ValueLimits.elementCountMax, "the elements of a collection")
        // The smallest size of an element is computed only if there are elements: the cost grows with the size of its
        // type.
        guard count == 0 || count * element.minimumSize <= remaining else {
            throw CodecError(.truncated, at: start, "\(count) elements are announced in \(remaining) bytes")
        }
        return count
    }

    private mutating func readSorted(
        _ count: Int, key: FieldType,
        _ body: (DynamicValue, inout ByteReader) throws(CodecError) -> Void
    ) throws(CodecError) {
        var previous: UnsafeRawBufferPointer?
        for _ in 0..<count {
            let start = offset
            let before = rest
            let value = try readValue(as: key)
            let bytes = UnsafeRawBufferPointer(rebasing: before[..<(offset - start)])
            if let previous, !previous.lexicographicallyPrecedes(bytes) {
                throw CodecError(.notCanonical, at: start, "the elements of a set or dictionary do not ascend")
            }
            previous = bytes
            try body(value, &self)
        }
    }

    private mutating func readScalar(_ scalar: Scalar) throws(CodecError) -> DynamicValue {
        switch scalar {
        case .bool:
            let byte = try readByte()
            guard byte <= 1 else { throw CodecError(.outOfDomain, at: offset - 1, "a Bool is \(byte), not 0 or 1") }
            return .bool(byte == 1)
        case .int8: return .signed(Int64(try read(Int8.self)))
        case .int16: return .signed(Int64(try read(Int16.self)))
        case .int32: return .signed(Int64(try read(Int32.self)))
        case .int64: return .signed(try read(Int64.self))
        case .uint8: return .unsigned(UInt64(try read(UInt8.self)))
        case .uint16: return .unsigned(UInt64(try read(UInt16.self)))
        case .uint32: return .unsigned(UInt64(try read(UInt32.self)))
        case .uint64: return .unsigned(try read(UInt64.self))
        case .float: return .float(Float(bitPattern: try read(UInt32.self)))
        case .double: return .double(Double(bitPattern: try read(UInt64.self)))
        }
    }
}
