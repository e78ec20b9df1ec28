/// The containers of the standard library, recognised by type before `Codable` is used, since their own coding has no
/// canonical order.
protocol KnownContainer {
    static func fieldType(_ probe: SchemaProbe, path: [String]) throws(SchemaError) -> FieldType
    /// - Returns: `nil` if `type` is not of this kind.
    static func encode(_ value: Any, as type: FieldType) throws -> DynamicValue?
    /// - Returns: `nil` if `value` is not of this kind.
    static func decode(_ value: DynamicValue) throws -> Any?
}

protocol OptionalContainer: KnownContainer {
    /// The number of nested optionals.
    static var optionalDepth: Int { get }
}

extension Optional: KnownContainer, OptionalContainer {
    static var optionalDepth: Int { 1 + ((Wrapped.self as? any OptionalContainer.Type)?.optionalDepth ?? 0) }

    static func fieldType(_ probe: SchemaProbe, path: [String]) throws(SchemaError) -> FieldType {
        .optional(try probe.fieldType(of: Wrapped.self, path: path))
    }

    static func encode(_ value: Any, as type: FieldType) throws -> DynamicValue? {
        guard case .optional(let wrapped) = type else { return nil }
        return .optional(try (value as! Self).map { try ValueEncoder.encode($0, as: wrapped) })
    }

    static func decode(_ value: DynamicValue) throws -> Any? {
        guard case .optional(let content) = value else { return nil }
        return try content.map { try ValueDecoder.decode(Wrapped.self, from: $0) } as Self
    }
}

extension Array: KnownContainer {
    static func fieldType(_ probe: SchemaProbe, path: [String]) throws(SchemaError) -> FieldType {
        .array(try probe.fieldType(of: Element.self, path: path + ["[]"]))
    }

    static func encode(_ value: Any, as type: FieldType) throws -> DynamicValue? {
        guard case .array(let element) = type else { return nil }
        return .array(try (value as! Self).map { try ValueEncoder.encode($0, as: element) })
    }

    static func decode(_ value: DynamicValue) throws -> Any? {
        guard case .array(let values) = value else { return nil }
        return try values.map { try ValueDecoder.decode(Element.self, from: $0) }
    }
}

extension Set: KnownContainer {
    static func fieldType(_ probe: SchemaProbe, path: [String]) throws(SchemaError) -> FieldType {
        .set(try probe.fieldType(of: Element.self, path: path + ["[]"]))
    }

    static func encode(_ value: Any, as type: FieldType) throws -> DynamicValue? {
        guard case .set(let element) = type else { return nil }
        return .set(try (value as! Self).map { try ValueEncoder.encode($0, as: element) })
    }

    static func decode(_ value: DynamicValue) throws -> Any? {
        guard case .set(let values) = value else { return nil }
        return Set(try values.map { try ValueDecoder.decode(Element.self, from: $0) })
    }
}

extension Dictionary: KnownContainer {
    static func fieldType(_ probe: SchemaProbe, path: [String]) throws(SchemaError) -> FieldType {
        .dictionary(
            key: try probe.fieldType(of: Key.self, path: path + ["key"]),
            value: try probe.fieldType(of: Value.self, path: path + ["value"]))
    }

    static func encode(_ value: Any, as type: FieldType) throws -> DynamicValue? {
        guard case .dictionary(let keyType, let valueType) = type else { return nil }
        return .dictionary(
            try (value as! Self).map {
                .init(
                    key: try ValueEncoder.encode($0.key, as: keyType),
                    value: try ValueEncoder.encode($0.value, as: valueType))
            })
    }

    static func decode(_ value: DynamicValue) throws -> Any? {
        guard case .dictionary(let entries) = value else { return nil }
        // Keys that differ in bytes may be equal in Swift (0.0 and -0.0): the later one wins.
        var result: Self = [:]
        for entry in entries {
            result[try ValueDecoder.decode(Key.self, from: entry.key)] =
                try ValueDecoder.decode(Value.self, from: entry.value)
        }
        return result
    }
}
