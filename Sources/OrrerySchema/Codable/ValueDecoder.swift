/// Makes a value of any `Decodable` type from its dynamic form.
struct ValueDecoder: Decoder {
    private let value: DynamicValue

    /// - Throws: ``CodecError`` if the value is not of the type, and whatever its `init(from:)` throws.
    static func decode<T>(_ type: T.Type, from value: DynamicValue) throws -> T {
        if let leaf = type as? any WireLeaf.Type, let result = leaf.init(dynamicValue: value) { return result as! T }
        if case .enumeration(let name) = value, let iterable = type as? any CaseIterable.Type,
            let result = EnumerationReflection.value(of: iterable, named: name)
        {
            return result as! T
        }
        if let container = type as? any KnownContainer.Type, let result = try container.decode(value) {
            return result as! T
        }
        if case .optional(let content?) = value, !(type is any OptionalContainer.Type) {
            return try decode(type, from: content)
        }
        // A leaf's own `Codable` would only call this decoder again.
        guard !(type is any WireLeaf.Type), let decodable = type as? any Decodable.Type else {
            throw CodecError(.typeMismatch, "\(value) is no \(type)")
        }
        return try decodable.init(from: ValueDecoder(value: value)) as! T
    }

    private init(value: DynamicValue) {
        self.value = value
    }

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        switch value {
        case .structure(let members): KeyedDecodingContainer(Keyed(members: members))
        case .union(let name, let members):
            KeyedDecodingContainer(Keyed(members: [.init(name, .structure(members))]))
        default: throw CodecError(.typeMismatch, "\(value) has no fields")
        }
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(value: value) }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else { throw CodecError(.typeMismatch, "\(value) is no array") }
        return Unkeyed(elements: elements)
    }

    private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let members: [DynamicValue.Member]
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { members.compactMap { Key(stringValue: $0.name) } }

        func contains(_ key: Key) -> Bool { members.contains { $0.name == key.stringValue } }

        func decodeNil(forKey key: Key) throws -> Bool { try member(key) == .optional(nil) }

        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            try ValueDecoder.decode(type, from: try member(key))
        }

        /// The standard library's own version would not unwrap the optional, whose content may be an optional too.
        func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
            guard contains(key) else { return nil }
            let value = try member(key)
            guard case .optional(let content) = value else { return try ValueDecoder.decode(type, from: value) }
            return try content.map { try ValueDecoder.decode(type, from: $0) }
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<Nested> {
            try ValueDecoder(value: try member(key)).container(keyedBy: type)
        }

        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            try ValueDecoder(value: try member(key)).unkeyedContainer()
        }

        func superDecoder() throws -> any Decoder { throw CodecError(.typeMismatch, "classes are not supported") }
        func superDecoder(forKey key: Key) throws -> any Decoder { ValueDecoder(value: try member(key)) }

        private func member(_ key: Key) throws(CodecError) -> DynamicValue {
            guard let member = members.first(where: { $0.name == key.stringValue }) else {
                throw CodecError(.typeMismatch, "there is no field '\(key.stringValue)'")
            }
            return member.value
        }
    }

    private struct Single: SingleValueDecodingContainer {
        let value: DynamicValue
        var codingPath: [any CodingKey] { [] }

        func decodeNil() -> Bool { value == .optional(nil) }
        func decode<T: Decodable>(_ type: T.Type) throws -> T { try ValueDecoder.decode(type, from: value) }
    }

    private struct Unkeyed: UnkeyedDecodingContainer {
        let elements: [DynamicValue]
        private(set) var currentIndex = 0

        init(elements: [DynamicValue]) { self.elements = elements }

        var codingPath: [any CodingKey] { [] }
        var count: Int? { elements.count }
        var isAtEnd: Bool { currentIndex == elements.count }

        mutating func decodeNil() throws -> Bool {
            guard !isAtEnd, elements[currentIndex] == .optional(nil) else { return false }
            currentIndex += 1
            return true
        }

        mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
            try ValueDecoder.decode(type, from: try next())
        }

        mutating func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type
        ) throws -> KeyedDecodingContainer<Nested> {
            try ValueDecoder(value: try next()).container(keyedBy: type)
        }

        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
            try ValueDecoder(value: try next()).unkeyedContainer()
        }

        mutating func superDecoder() throws -> any Decoder { ValueDecoder(value: try next()) }

        private mutating func next() throws(CodecError) -> DynamicValue {
            guard !isAtEnd else { throw CodecError(.truncated, "an array has only \(elements.count) elements") }
            defer { currentIndex += 1 }
            return elements[currentIndex]
        }
    }
}
