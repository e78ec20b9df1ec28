/// Converts any `Encodable` value to the dynamic form that a field type describes.
final class ValueEncoder: Encoder {
    private let type: FieldType
    /// The members given so far, by position in the current structure or case.
    private var members: [DynamicValue?] = []
    private var caseIndex: Int?
    private var single: DynamicValue?
    private var elements: [DynamicValue]?
    private var failure: CodecError?

    init(as type: FieldType) {
        self.type = type
        if case .structure(let fields) = type { members = Array(repeating: nil, count: fields.count) }
    }

    /// The dynamic form of `value`.
    /// - Throws: ``CodecError`` if the value has no such form, and whatever its `encode(to:)` throws.
    static func encode<T>(_ value: T, as type: FieldType) throws -> DynamicValue {
        if let leaf = value as? any WireLeaf, Swift.type(of: leaf).fieldType == type { return leaf.dynamicValue }
        if case .enumeration(let cases) = type, let name = RuntimeReflection.caseName(of: value),
            cases.contains(where: { $0.name == name })
        {
            return .enumeration(name)
        }
        // `encodeIfPresent` unwraps an optional: a type with fewer optionals than its field is the field's content.
        if case .optional(let wrapped) = type, !isStated(T.self, as: type) {
            let depth = (T.self as? any OptionalContainer.Type)?.optionalDepth ?? 0
            if depth < type.optionalDepth { return .optional(try encode(value, as: wrapped)) }
        }
        if let container = T.self as? any KnownContainer.Type, let result = try container.encode(value, as: type) {
            return result
        }
        if case .structure(let fields) = type, !(value is any Encodable) {
            return try .structure(members(of: value, as: fields))
        }
        // A leaf's own `Codable` would only call this encoder again.
        guard !(T.self is any WireLeaf.Type), let encodable = value as? any Encodable else {
            throw CodecError(.typeMismatch, "\(value) of type \(T.self) is no value of type \(type)")
        }
        let encoder = ValueEncoder(as: type)
        try encodable.encode(to: encoder)
        return try encoder.finish()
    }

    /// The stored properties of a struct that is not `Codable`, as fields of their names.
    private static func members<T>(of value: T, as fields: [Field]) throws -> [DynamicValue.Member] {
        let properties =
            RuntimeReflection.kind(of: T.self) == .structure ? Array(Mirror(reflecting: value).children) : []
        return try fields.map { field in
            guard let property = properties.first(where: { $0.label == field.name }) else {
                throw CodecError(.typeMismatch, "\(value) of type \(T.self) has no '\(field.name)'")
            }
            func encoded<V>(_ value: V) throws -> DynamicValue { try encode(value, as: field.type) }
            return .init(field.name, try _openExistential(property.value, do: encoded))
        }
    }

    /// Whether a type itself states this field type.
    private static func isStated<T>(_ type: T.Type, as fieldType: FieldType) -> Bool {
        (type as? any SchemaProviding.Type)?.fieldType == fieldType
    }

    private func finish() throws(CodecError) -> DynamicValue {
        if let failure { throw failure }
        if let single { return single }
        if case .array = type, let elements { return .array(elements) }
        switch (type, caseIndex) {
        case (.structure(let fields), _): return .structure(try complete(fields))
        case (.union(let cases), let index?): return .union(cases[index].name, try complete(cases[index].fields))
        default: throw CodecError(.typeMismatch, "encode(to:) wrote nothing of type \(type)")
        }
    }

    private func complete(_ fields: [Field]) throws(CodecError) -> [DynamicValue.Member] {
        var result: [DynamicValue.Member] = []
        result.reserveCapacity(fields.count)
        for (field, value) in zip(fields, members) {
            if let value {
                result.append(.init(field.name, value))
            } else if case .optional = field.type {
                result.append(.init(field.name, .optional(nil)))
            } else {
                throw CodecError(.typeMismatch, "encode(to:) left out the field '\(field.name)'")
            }
        }
        return result
    }

    private var currentFields: [Field] {
        switch type {
        case .structure(let fields): fields
        case .union(let cases): caseIndex.map { cases[$0].fields } ?? []
        default: []
        }
    }

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(Keyed(encoder: self))
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { Single(encoder: self) }
    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if elements == nil { elements = [] }
        return Unkeyed(encoder: self)
    }

    /// Records that the coding is not supported; what is written from here on is discarded.
    private func refuse() -> any Encoder {
        failure = failure ?? CodecError(.typeMismatch, "encode(to:) uses a container that has no place in \(type)")
        return ValueEncoder(as: type)
    }

    private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let encoder: ValueEncoder
        var codingPath: [any CodingKey] { [] }

        func encodeNil(forKey key: Key) throws { try set(key) { _ in .optional(nil) } }

        func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
            try set(key) { try ValueEncoder.encode(value, as: $0) }
        }

        private func set(_ key: Key, _ value: (FieldType) throws -> DynamicValue) throws {
            let fields = encoder.currentFields
            guard let index = fields.firstIndex(where: { $0.name == key.stringValue }) else {
                throw CodecError(.typeMismatch, "the schema has no field '\(key.stringValue)'")
            }
            encoder.members[index] = try value(fields[index].type)
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) -> KeyedEncodingContainer<Nested> {
            guard case .union(let cases) = encoder.type, encoder.caseIndex == nil,
                let index = cases.firstIndex(where: { $0.name == key.stringValue })
            else {
                encoder.failure =
                    encoder.failure
                    ?? CodecError(.outOfDomain, "the schema has no case '\(key.stringValue)'; add it to the samples")
                return ValueEncoder(as: encoder.type).container(keyedBy: type)
            }
            encoder.caseIndex = index
            encoder.members = Array(repeating: nil, count: cases[index].fields.count)
            return encoder.container(keyedBy: type)
        }

        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            encoder.refuse().unkeyedContainer()
        }
        func superEncoder() -> any Encoder { encoder.refuse() }
        func superEncoder(forKey key: Key) -> any Encoder { encoder.refuse() }
    }

    private struct Single: SingleValueEncodingContainer {
        let encoder: ValueEncoder
        var codingPath: [any CodingKey] { [] }

        func encodeNil() throws { encoder.single = .optional(nil) }
        func encode<T: Encodable>(_ value: T) throws {
            encoder.single = try ValueEncoder.encode(value, as: encoder.type)
        }
    }

    private struct Unkeyed: UnkeyedEncodingContainer {
        let encoder: ValueEncoder
        var codingPath: [any CodingKey] { [] }
        var count: Int { encoder.elements?.count ?? 0 }

        func encodeNil() throws { encoder.elements?.append(.optional(nil)) }

        func encode<T: Encodable>(_ value: T) throws {
            guard case .array(let element) = encoder.type else {
                _ = encoder.refuse()
                return
            }
            encoder.elements?.append(try ValueEncoder.encode(value, as: element))
        }

        func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
            encoder.refuse().container(keyedBy: type)
        }
        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder.refuse().unkeyedContainer() }
        func superEncoder() -> any Encoder { encoder.refuse() }
    }
}

extension DynamicValue {
    /// The dynamic form of a value of any supported type.
    /// - Throws: ``CodecError`` if the value is not of that type.
    package init<T>(of value: T, as type: FieldType) throws(CodecError) {
        do {
            self = try ValueEncoder.encode(value, as: type)
        } catch let error as CodecError {
            throw error
        } catch {
            throw CodecError(.outOfDomain, "\(value) cannot be encoded: \(error)")
        }
    }
}

extension DynamicValue {
    /// The case that an enumeration without payload has; no value of the schema for a value that is no case.
    package init(caseOf value: (some Any)?) {
        guard let value else {
            self = .optional(nil)
            return
        }
        self = RuntimeReflection.caseName(of: value).map { .enumeration($0) } ?? .structure([])
    }
}
