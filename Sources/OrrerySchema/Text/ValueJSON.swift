/// Writes values as JSON directly from their bytes, by their schema, without building them. Source: RFC 8259.
extension [UInt8] {
    /// Reads one value and appends it.
    /// - Throws: `CodecError` if the bytes are not a value of the type; a part of it may have been appended by then.
    package mutating func append(json reader: inout ByteReader, as type: FieldType) throws(CodecError) {
        switch type {
        case .scalar(let scalar): try append(json: &reader, as: scalar)
        case .vector(let scalar, let lanes):
            try append(jsonList: lanes) { (out) throws(CodecError) in try out.append(json: &reader, as: scalar) }
        case .entity:
            let entity = try reader.readEntity()
            append(jsonEntity: entity)
        case .enumeration(let cases): append(jsonString: cases[try reader.readCaseIndex(caseCount: cases.count)].name)
        case .string: append(jsonString: try reader.readString(byteCountMax: ValueLimits.sizeMax))
        case .structure(let fields): try append(jsonFields: fields, &reader)
        case .optional(let wrapped):
            if try reader.readPresence() { try append(json: &reader, as: wrapped) } else { append(text: "null") }
        case .array(let element), .set(let element):
            let count = try reader.readElementCount(element)
            try append(jsonList: count) { (out) throws(CodecError) in try out.append(json: &reader, as: element) }
        case .dictionary(let key, let value): try append(jsonDictionary: &reader, key: key, value: value)
        case .union(let cases):
            let chosen = cases[try reader.readCount(max: cases.count - 1, "the cases of a union")]
            append(UInt8(ascii: "{"))
            append(jsonString: chosen.name)
            append(UInt8(ascii: ":"))
            try append(jsonFields: chosen.fields, &reader)
            append(UInt8(ascii: "}"))
        }
    }

    /// Appends a value, or `null` if the bytes are none of the type.
    /// - Returns: Why they are none.
    package mutating func append(json value: UnsafeRawBufferPointer, orNullAs type: FieldType) -> CodecError? {
        let start = count
        do throws(CodecError) {
            var reader = ByteReader(value)
            try append(json: &reader, as: type)
            try reader.expectEnd()
            return nil
        } catch {
            removeSubrange(start...)
            append(text: "null")
            return error
        }
    }

    private mutating func append(jsonFields fields: [Field], _ reader: inout ByteReader) throws(CodecError) {
        append(UInt8(ascii: "{"))
        for (position, field) in fields.enumerated() {
            if position > 0 { append(UInt8(ascii: ",")) }
            append(jsonString: field.name)
            append(UInt8(ascii: ":"))
            try append(json: &reader, as: field.type)
        }
        append(UInt8(ascii: "}"))
    }

    private mutating func append(
        jsonDictionary reader: inout ByteReader, key: FieldType, value: FieldType
    ) throws(CodecError) {
        let count = try reader.readElementCount(key)
        guard key == .string else {
            return try append(jsonList: count) { (out) throws(CodecError) in
                out.append(UInt8(ascii: "["))
                try out.append(json: &reader, as: key)
                out.append(UInt8(ascii: ","))
                try out.append(json: &reader, as: value)
                out.append(UInt8(ascii: "]"))
            }
        }
        append(UInt8(ascii: "{"))
        for position in 0..<count {
            if position > 0 { append(UInt8(ascii: ",")) }
            try append(json: &reader, as: key)
            append(UInt8(ascii: ":"))
            try append(json: &reader, as: value)
        }
        append(UInt8(ascii: "}"))
    }

    private mutating func append(
        jsonList count: Int, _ element: (inout [UInt8]) throws(CodecError) -> Void
    ) throws(CodecError) {
        append(UInt8(ascii: "["))
        for position in 0..<count {
            if position > 0 { append(UInt8(ascii: ",")) }
            try element(&self)
        }
        append(UInt8(ascii: "]"))
    }

    private mutating func append(json reader: inout ByteReader, as scalar: Scalar) throws(CodecError) {
        let start = count
        try append(number: &reader, as: scalar, isCompact: false)
        // Numbers that JSON cannot express are strings: `"NaN"`.
        let isName = scalar == .float || scalar == .double
        if isName, let last = self.last, last == UInt8(ascii: "N") || last == UInt8(ascii: "y") {
            insert(UInt8(ascii: "\""), at: start)
            append(UInt8(ascii: "\""))
        }
    }

    package mutating func append(jsonEntity entity: Entity) {
        guard entity != .none else { return append(text: "null") }
        append(UInt8(ascii: "\""))
        append(entity: entity)
        append(UInt8(ascii: "\""))
    }
}

extension [UInt8] {
    package mutating func append(entity: Entity) {
        guard entity != .none else { return append(UInt8(ascii: "-")) }
        append(decimal: UInt64(entity.index))
        append(UInt8(ascii: "v"))
        append(decimal: UInt64(entity.generation))
    }

    /// Reads a number or truth value and appends it, exactly or in the readable form.
    package mutating func append(number reader: inout ByteReader, as scalar: Scalar, isCompact: Bool) throws(CodecError)
    {
        switch scalar {
        case .bool: append(text: try reader.readTruth() ? "true" : "false")
        case .int8: append(decimal: Int64(try reader.read(Int8.self)))
        case .int16: append(decimal: Int64(try reader.read(Int16.self)))
        case .int32: append(decimal: Int64(try reader.read(Int32.self)))
        case .int64: append(decimal: try reader.read(Int64.self))
        case .uint8: append(decimal: UInt64(try reader.read(UInt8.self)))
        case .uint16: append(decimal: UInt64(try reader.read(UInt16.self)))
        case .uint32: append(decimal: UInt64(try reader.read(UInt32.self)))
        case .uint64: append(decimal: try reader.read(UInt64.self))
        case .float:
            let value = Float(bitPattern: try reader.read(UInt32.self))
            if isCompact { append(compact: value) } else { append(exact: value) }
        case .double:
            let value = Double(bitPattern: try reader.read(UInt64.self))
            if isCompact { append(compact: value) } else { append(exact: value) }
        }
    }
}

extension ByteReader {
    package mutating func readTruth() throws(CodecError) -> Bool {
        let byte = try readByte()
        guard byte <= 1 else { throw CodecError(.outOfDomain, at: offset - 1, "a Bool is \(byte), not 0 or 1") }
        return byte == 1
    }

    package mutating func readPresence() throws(CodecError) -> Bool {
        let byte = try readByte()
        guard byte <= 1 else {
            throw CodecError(.outOfDomain, at: offset - 1, "an optional begins with \(byte), not 0 or 1")
        }
        return byte == 1
    }
}
