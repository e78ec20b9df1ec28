extension ByteWriter {
    /// Writes a value in the only form that its type has.
    /// - Throws: ``CodecError`` with `typeMismatch` if the value is not of the type, `outOfDomain` if the type has no
    ///   such value.
    public mutating func append(_ value: DynamicValue, as type: FieldType) throws(CodecError) {
        switch (type, value) {
        case (.scalar(let scalar), _): try append(value, as: scalar)
        case (.vector(let scalar, let lanes), .vector(let values)) where values.count == lanes:
            for lane in values { try append(lane, as: scalar) }
        case (.entity, .entity(let entity)): append(entity)
        case (.enumeration(let cases), .enumeration(let name)):
            guard let index = cases.firstIndex(where: { $0.name == name }) else {
                throw CodecError(.outOfDomain, "'\(name)' is none of \(cases.map(\.name).joined(separator: ", "))")
            }
            append(caseIndex: index, caseCount: cases.count)
        case (.string, .string(let string)): append(string: string)
        case (.structure(let fields), .structure(let members)):
            try append(members, as: fields)
        case (.optional(let wrapped), .optional(let value)):
            append(value == nil ? 0 : 1)
            if let value { try append(value, as: wrapped) }
        case (.array(let element), .array(let values)):
            append(varint: values.count)
            for value in values { try append(value, as: element) }
        case (.set(let element), .set(let values)):
            try appendSorted(
                values.map { value throws(CodecError) in (value, try Self.bytes(of: value, as: element), []) })
        case (.dictionary(let keyType, let valueType), .dictionary(let entries)):
            try appendSorted(
                entries.map { entry throws(CodecError) in
                    (
                        entry.key, try Self.bytes(of: entry.key, as: keyType),
                        try Self.bytes(of: entry.value, as: valueType)
                    )
                })
        case (.union(let cases), .union(let name, let members)):
            guard let index = cases.firstIndex(where: { $0.name == name }) else {
                throw CodecError(.outOfDomain, "'\(name)' is none of \(cases.map(\.name).joined(separator: ", "))")
            }
            append(varint: index)
            try append(members, as: cases[index].fields)
        default:
            throw CodecError(.typeMismatch, "\(value) is no value of type \(type)")
        }
    }

    /// The bytes of one value on its own.
    static func bytes(of value: DynamicValue, as type: FieldType) throws(CodecError) -> [UInt8] {
        var writer = ByteWriter()
        try writer.append(value, as: type)
        return writer.bytes
    }

    private mutating func append(_ members: [DynamicValue.Member], as fields: [Field]) throws(CodecError) {
        guard members.count == fields.count else {
            throw CodecError(.typeMismatch, "\(members.count) members for \(fields.count) fields")
        }
        for (member, field) in zip(members, fields) {
            guard member.name == field.name else {
                throw CodecError(.typeMismatch, "member '\(member.name)' stands where '\(field.name)' belongs")
            }
            try append(member.value, as: field.type)
        }
    }

    mutating func append(caseIndex index: Int, caseCount: Int) {
        switch FieldType.caseIndexSize(caseCount: caseCount) {
        case 0: break
        case 1: append(UInt8(index))
        default: append(integer: UInt16(index))
        }
    }

    /// Writes the elements of a set, or the entries of a dictionary, each once.
    ///
    /// NaN is equal to nothing, so Swift's sets and dictionaries may hold it any number of times. It is written once,
    /// with the value whose bytes come first, whatever the order in memory.
    private mutating func appendSorted(
        _ elements: [(element: DynamicValue, key: [UInt8], value: [UInt8])]
    ) throws(CodecError) {
        var sorted = elements.sorted { left, right in
            left.key == right.key
                ? left.value.lexicographicallyPrecedes(right.value) : left.key.lexicographicallyPrecedes(right.key)
        }
        for position in sorted.indices.dropFirst().reversed() where sorted[position].key == sorted[position - 1].key {
            guard sorted[position].element.holdsNaN else {
                throw CodecError(.outOfDomain, "a set or dictionary holds one element twice")
            }
            sorted.remove(at: position)
        }
        append(varint: sorted.count)
        for element in sorted {
            append(contentsOf: element.key)
            append(contentsOf: element.value)
        }
    }

    /// Writes a number of any kind that the scalar holds exactly.
    private mutating func append(_ value: DynamicValue, as scalar: Scalar) throws(CodecError) {
        switch (scalar, value) {
        case (.bool, .bool(let truth)): append(truth ? 1 : 0)
        case (.float, .float(let number)): append(integer: number.bitPattern)
        case (.double, .double(let number)): append(integer: number.bitPattern)
        case (.float, _): append(integer: try value.exactly(Float.self).bitPattern)
        case (.double, _): append(integer: try value.exactly(Double.self).bitPattern)
        case (.int8, _): append(integer: try value.exactly(Int8.self))
        case (.int16, _): append(integer: try value.exactly(Int16.self))
        case (.int32, _): append(integer: try value.exactly(Int32.self))
        case (.int64, _): append(integer: try value.exactly(Int64.self))
        case (.uint8, _): append(integer: try value.exactly(UInt8.self))
        case (.uint16, _): append(integer: try value.exactly(UInt16.self))
        case (.uint32, _): append(integer: try value.exactly(UInt32.self))
        case (.uint64, _): append(integer: try value.exactly(UInt64.self))
        default: throw value.mismatch(Bool.self)
        }
    }
}

extension DynamicValue {
    /// The number as an integer of a type.
    fileprivate func exactly<I: FixedWidthInteger>(_ type: I.Type) throws(CodecError) -> I {
        let (number, text): (I?, String) =
            switch self {
            case .signed(let number): (I(exactly: number), "\(number)")
            case .unsigned(let number): (I(exactly: number), "\(number)")
            case .float(let number): (I(exactly: number), "\(number)")
            case .double(let number): (I(exactly: number), "\(number)")
            default: throw mismatch(type)
            }
        guard let number else {
            throw CodecError(.outOfDomain, "\(text) does not fit into \(type); it holds \(I.min) to \(I.max), whole")
        }
        return number
    }

    /// The number as a floating-point number of a type.
    fileprivate func exactly<F: BinaryFloatingPoint>(_ type: F.Type) throws(CodecError) -> F {
        let (number, text): (F?, String) =
            switch self {
            case .signed(let number): (F(exactly: number), "\(number)")
            case .unsigned(let number): (F(exactly: number), "\(number)")
            case .float(let number): (F(exactly: number), "\(number)")
            case .double(let number): (F(exactly: number), "\(number)")
            default: throw mismatch(type)
            }
        guard let number else { throw CodecError(.outOfDomain, "\(text) is no value that a \(type) holds exactly") }
        return number
    }

    fileprivate func mismatch(_ type: Any.Type) -> CodecError {
        CodecError(.typeMismatch, "\(self) is no value of type \(type)")
    }
}
