/// The bytes of a schema. docs/PROTOCOL.md, section "Schemas".

private enum TypeTag {
    static let scalar: UInt8 = 1
    static let vector: UInt8 = 2
    static let entity: UInt8 = 3
    static let enumeration: UInt8 = 4
    static let string: UInt8 = 5
    static let structure: UInt8 = 6
    static let optional: UInt8 = 7
    static let array: UInt8 = 8
    static let set: UInt8 = 9
    static let dictionary: UInt8 = 10
    static let union: UInt8 = 11
}

private enum FieldFlag {
    static let unit: UInt8 = 1
    static let range: UInt8 = 2
    static let documentation: UInt8 = 4
    static let all: UInt8 = 7
}

extension ByteWriter {
    mutating func append(schemaName name: String, type: FieldType, documentation: String?) {
        append(string: name)
        append(string: documentation ?? "")
        append(type)
    }

    private mutating func append(_ type: FieldType) {
        switch type {
        case .scalar(let scalar):
            append(TypeTag.scalar)
            append(scalar.rawValue)
        case .vector(let scalar, let lanes):
            append(TypeTag.vector)
            append(scalar.rawValue)
            append(UInt8(lanes))
        case .entity: append(TypeTag.entity)
        case .enumeration(let cases):
            append(TypeTag.enumeration)
            append(varint: cases.count)
            for each in cases {
                append(string: each.name)
                append(each.rawValue == nil ? 0 : 1)
                if let rawValue = each.rawValue { append(string: rawValue) }
            }
        case .string: append(TypeTag.string)
        case .structure(let fields):
            append(TypeTag.structure)
            append(fields)
        case .optional(let inner):
            append(TypeTag.optional)
            append(inner)
        case .array(let inner):
            append(TypeTag.array)
            append(inner)
        case .set(let inner):
            append(TypeTag.set)
            append(inner)
        case .dictionary(let key, let value):
            append(TypeTag.dictionary)
            append(key)
            append(value)
        case .union(let cases):
            append(TypeTag.union)
            append(varint: cases.count)
            for each in cases {
                append(string: each.name)
                append(each.fields)
            }
        }
    }

    private mutating func append(_ fields: [Field]) {
        append(varint: fields.count)
        for field in fields {
            append(string: field.name)
            append(field.type)
            append(
                (field.unit == nil ? 0 : FieldFlag.unit) | (field.range == nil ? 0 : FieldFlag.range)
                    | (field.documentation == nil ? 0 : FieldFlag.documentation))
            if let unit = field.unit { append(string: unit) }
            if let range = field.range {
                append(integer: range.lowerBound.bitPattern)
                append(integer: range.upperBound.bitPattern)
            }
            if let documentation = field.documentation { append(string: documentation) }
        }
    }
}

extension ComponentSchema {
    /// Reads a schema that came from a peer.
    /// - Throws: ``CodecError`` for bytes that are not a schema, or a schema beyond `limits`.
    public init(
        decoding bytes: UnsafeRawBufferPointer, limits: SchemaLimits = SchemaLimits()
    ) throws(CodecError) {
        guard bytes.count <= limits.encodedSizeMax else {
            throw CodecError(
                .limitExceeded, "a schema of \(bytes.count) bytes, the limit is \(limits.encodedSizeMax)")
        }
        var reader = ByteReader(bytes)
        let name = try reader.readString(byteCountMax: limits.nameSizeMax)
        let documentation = try reader.readString(byteCountMax: limits.textSizeMax)
        let type = try reader.readFieldType(depth: 1, limits)
        try reader.expectEnd()
        if let size = type.fixedSize, size > limits.fixedSizeMax {
            throw CodecError(.limitExceeded, "values of \(size) bytes, the limit is \(limits.fixedSizeMax)")
        }
        do throws(SchemaError) {
            try self.init(
                name: name, type: type, documentation: documentation.isEmpty ? nil : documentation, limits: limits)
        } catch {
            throw CodecError(.outOfDomain, error.description)
        }
        // The hash must cover exactly these bytes, or two peers would mean different schemas.
        guard encoded.elementsEqual(bytes) else {
            throw CodecError(.notCanonical, "the schema of '\(name)' is not written in its canonical form")
        }
    }
}

extension ByteReader {
    fileprivate mutating func readFieldType(depth: Int, _ limits: SchemaLimits) throws(CodecError) -> FieldType {
        guard depth <= limits.depthMax else {
            throw CodecError(
                .limitExceeded, at: offset, "types are nested more than \(limits.depthMax) deep")
        }
        let start = offset
        switch try readByte() {
        case TypeTag.scalar: return .scalar(try readScalar())
        case TypeTag.vector: return .vector(try readScalar(), lanes: Int(try readByte()))
        case TypeTag.entity: return .entity
        case TypeTag.enumeration:
            let count = try readCount(max: limits.caseCountMax, "the cases of an enumeration")
            var cases: [EnumerationCase] = []
            for _ in 0..<count {
                let name = try readString(byteCountMax: limits.nameSizeMax)
                let hasRawValue = try readByte()
                guard hasRawValue <= 1 else {
                    throw CodecError(.outOfDomain, at: offset - 1, "a flag is neither 0 nor 1")
                }
                cases.append(
                    EnumerationCase(
                        name, rawValue: hasRawValue == 1 ? try readString(byteCountMax: limits.textSizeMax) : nil)
                )
            }
            return .enumeration(cases)
        case TypeTag.string: return .string
        case TypeTag.structure: return .structure(try readFields(depth: depth, limits))
        case TypeTag.optional: return .optional(try readFieldType(depth: depth + 1, limits))
        case TypeTag.array: return .array(try readFieldType(depth: depth + 1, limits))
        case TypeTag.set: return .set(try readFieldType(depth: depth + 1, limits))
        case TypeTag.dictionary:
            return .dictionary(
                key: try readFieldType(depth: depth + 1, limits), value: try readFieldType(depth: depth + 1, limits))
        case TypeTag.union:
            let count = try readCount(max: limits.fieldCountMax, "the cases of a union")
            var cases: [UnionCase] = []
            for _ in 0..<count {
                let name = try readString(byteCountMax: limits.nameSizeMax)
                cases.append(UnionCase(name, try readFields(depth: depth, limits)))
            }
            return .union(cases)
        case let tag: throw CodecError(.outOfDomain, at: start, "\(tag) is no kind of type")
        }
    }

    private mutating func readScalar() throws(CodecError) -> Scalar {
        let byte = try readByte()
        guard let scalar = Scalar(rawValue: byte) else {
            throw CodecError(.outOfDomain, at: offset - 1, "\(byte) is no scalar type")
        }
        return scalar
    }

    private mutating func readFields(depth: Int, _ limits: SchemaLimits) throws(CodecError) -> [Field] {
        let count = try readCount(max: limits.fieldCountMax, "the fields of a structure")
        var fields: [Field] = []
        for _ in 0..<count {
            var field = Field(
                try readString(byteCountMax: limits.nameSizeMax), try readFieldType(depth: depth + 1, limits))
            let flags = try readByte()
            guard flags <= FieldFlag.all else {
                throw CodecError(.outOfDomain, at: offset - 1, "\(flags) is no set of field flags")
            }
            if flags & FieldFlag.unit != 0 { field.unit = try readString(byteCountMax: limits.textSizeMax) }
            if flags & FieldFlag.range != 0 {
                let low = Double(bitPattern: try read(UInt64.self))
                let high = Double(bitPattern: try read(UInt64.self))
                guard low <= high else {
                    throw CodecError(.outOfDomain, at: offset - 16, "a range from \(low) to \(high)")
                }
                field.range = low...high
            }
            if flags & FieldFlag.documentation != 0 {
                field.documentation = try readString(byteCountMax: limits.textSizeMax)
            }
            fields.append(field)
        }
        return fields
    }
}
