package import OrrerySchema

/// A typed-in value, parsed by its schema: `50`, `-1.5`, `true`, `walk`, `12v3`, `[1, 2, 3]`, `null`, any text.
package struct ValueText: Error, CustomStringConvertible {
    package let description: String

    private init(_ description: String) {
        self.description = description
    }

    /// - Throws: ``ValueText`` that says what the type accepts.
    package static func parse(_ text: String, as type: FieldType) throws(ValueText) -> DynamicValue {
        switch type {
        case .scalar(let scalar): return try parse(text, as: scalar)
        case .vector(let scalar, let lanes):
            let inner = text.hasPrefix("[") && text.hasSuffix("]") ? text.dropFirst().dropLast() : text[...]
            let parts = inner.split(separator: ",", omittingEmptySubsequences: false)
            guard parts.count == lanes else {
                throw ValueText("'\(text)' is no \(type): write [a, b, …], \(lanes) numbers")
            }
            var values: [DynamicValue] = []
            for part in parts { values.append(try parse(part.filter { $0 != " " }, as: scalar)) }
            return .vector(values)
        case .entity:
            // JSON, and so `orrery get`, writes null for no entity.
            guard let entity = text == "null" ? Entity.none : Entity(text) else {
                throw ValueText("'\(text)' names no entity: write index and generation, 12v3, or - for none")
            }
            return .entity(entity)
        case .enumeration(let cases):
            guard cases.contains(where: { $0.name == text }) else {
                throw ValueText("'\(text)' is none of \(cases.map(\.name).joined(separator: ", "))")
            }
            return .enumeration(text)
        case .string: return .string(text)
        case .optional(let wrapped): return .optional(text == "null" ? nil : try parse(text, as: wrapped))
        case .structure(let fields):
            guard fields.isEmpty else {
                throw ValueText("set its fields one by one: \(fields.map(\.name).joined(separator: ", "))")
            }
            return .structure([])
        case .array, .set, .dictionary, .union:
            throw ValueText("a value of type \(type) cannot be written in one word")
        }
    }

    /// A value as JSON, as ``JSONFormat`` writes it; `null` if it is not of the type.
    package static func json(_ value: DynamicValue, as type: FieldType) -> String {
        guard let bytes = try? value.encoded(as: type) else { return "null" }
        var text: [UInt8] = []
        bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            do throws(CodecError) { try text.append(json: &reader, as: type) } catch { text = Array("null".utf8) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func parse(_ text: String, as scalar: Scalar) throws(ValueText) -> DynamicValue {
        let value: DynamicValue? =
            switch scalar {
            case .bool: Bool(text).map { .bool($0) }
            // Beyond the largest number, a decimal would be infinite.
            case .float: Float(text).flatMap { $0.isInfinite && text.hasDigit ? nil : .float($0) }
            case .double: Double(text).flatMap { $0.isInfinite && text.hasDigit ? nil : .double($0) }
            case .int8: Int8(text).map { .signed(Int64($0)) }
            case .int16: Int16(text).map { .signed(Int64($0)) }
            case .int32: Int32(text).map { .signed(Int64($0)) }
            case .int64: Int64(text).map { .signed($0) }
            case .uint8: UInt8(text).map { .unsigned(UInt64($0)) }
            case .uint16: UInt16(text).map { .unsigned(UInt64($0)) }
            case .uint32: UInt32(text).map { .unsigned(UInt64($0)) }
            case .uint64: UInt64(text).map { .unsigned($0) }
            }
        guard let value else {
            throw ValueText(
                "'\(text)' is no \(FieldType.scalar(scalar))\(range(of: scalar).map { ", which holds \($0)" } ?? "")")
        }
        return value
    }

    /// The range of whole numbers that a scalar holds.
    private static func range(of scalar: Scalar) -> String? {
        func range<I: FixedWidthInteger>(_: I.Type) -> String { "\(I.min) to \(I.max)" }
        return switch scalar {
        case .bool, .float, .double: nil
        case .int8: range(Int8.self)
        case .int16: range(Int16.self)
        case .int32: range(Int32.self)
        case .int64: range(Int64.self)
        case .uint8: range(UInt8.self)
        case .uint16: range(UInt16.self)
        case .uint32: range(UInt32.self)
        case .uint64: range(UInt64.self)
        }
    }
}

extension String {
    fileprivate var hasDigit: Bool { contains { ("0"..."9").contains($0) } }
}
