import OrrerySchema

/// The kind of reader that a leaf is written for.
enum LeafStyle {
    /// For programs: exact numbers, unchanged text.
    case exact
    /// For people: compact numbers, text without anything that a terminal would act on.
    case readable
}

extension [UInt8] {
    /// Reads the value of a leaf and appends it as plain text; compound values as JSON.
    /// - Returns: Whether there is a value: `false` for an absent optional or a reference to no entity.
    /// - Throws: `CodecError` if the bytes are not a value of the leaf's type.
    mutating func append(leaf: Leaf, _ reader: inout ByteReader, _ style: LeafStyle) throws(CodecError) -> Bool {
        if leaf.isTag {
            append(text: "true")
            return true
        }
        return try append(leafOf: leaf.type, &reader, style)
    }

    private mutating func append(
        leafOf type: FieldType, _ reader: inout ByteReader, _ style: LeafStyle
    ) throws(CodecError) -> Bool {
        switch type {
        case .scalar(let scalar): try append(number: &reader, as: scalar, isCompact: style == .readable)
        case .entity:
            let entity = try reader.readEntity()
            guard entity != .none else { return false }
            append(entity: entity)
        case .enumeration(let cases):
            append(leafText: cases[try reader.readCaseIndex(caseCount: cases.count)].name, style)
        case .string: append(leafText: try reader.readString(byteCountMax: ValueLimits.sizeMax), style)
        case .optional(let wrapped):
            guard try reader.readPresence() else { return false }
            return try append(leafOf: wrapped, &reader, style)
        case .vector, .structure, .array, .set, .dictionary, .union:
            if style == .exact {
                try append(json: &reader, as: type)
            } else {
                var json: [UInt8] = []
                try json.append(json: &reader, as: type)
                append(text: DisplayText.printable(String(decoding: json, as: UTF8.self)))
            }
        }
        return true
    }

    private mutating func append(leafText text: String, _ style: LeafStyle) {
        append(text: style == .exact ? text : DisplayText.printable(text))
    }
}
