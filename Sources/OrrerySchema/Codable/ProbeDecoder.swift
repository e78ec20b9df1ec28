/// Records what an `init(from:)` asks for, and answers with the simplest values.
final class ProbeDecoder: Decoder {
    let probe: SchemaProbe
    let path: [String]
    private(set) var fields: [Field] = []
    private(set) var single: FieldType?

    init(probe: SchemaProbe, path: [String]) {
        self.probe = probe
        self.path = path
    }

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Keyed(decoder: self))
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(decoder: self) }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw unreadable("an unkeyed container") }

    fileprivate func unreadable(_ what: String) -> SchemaError {
        SchemaError(
            component: probe.component, path: path,
            "its init(from:) uses \(what), from which no schema can be read; conform it to SchemaProviding "
                + "and state its schema by hand")
    }

    fileprivate func field<T: Decodable>(_ type: T.Type, _ key: some CodingKey, optional: Bool) throws -> T {
        let fieldType = try probe.fieldType(of: type, path: path + [key.stringValue])
        if !fields.contains(where: { $0.name == key.stringValue }) {
            fields.append(Field(key.stringValue, optional ? .optional(fieldType) : fieldType))
        }
        return try ValueDecoder.decode(type, from: fieldType.zero)
    }

    private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let decoder: ProbeDecoder
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { [] }

        func contains(_ key: Key) -> Bool { true }
        func decodeNil(forKey key: Key) throws -> Bool { false }

        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            try decoder.field(type, key, optional: false)
        }

        private func present<T: Decodable>(_ type: T.Type, _ key: Key) throws -> T? {
            try decoder.field(type, key, optional: true)
        }

        func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? { try present(type, key) }
        // The standard library's own versions of these would request the value as if it were not optional.
        func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try present(type, key) }
        func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try present(type, key) }
        func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try present(type, key) }
        func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? { try present(type, key) }
        func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try present(type, key) }
        func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? { try present(type, key) }
        func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? { try present(type, key) }
        func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? { try present(type, key) }
        func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try present(type, key) }
        func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? { try present(type, key) }
        func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { try present(type, key) }
        func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? { try present(type, key) }
        func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? { try present(type, key) }
        func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? { try present(type, key) }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<Nested> {
            throw decoder.unreadable("a nested container")
        }

        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            throw decoder.unreadable("a nested container")
        }

        func superDecoder() throws -> any Decoder { throw decoder.unreadable("a super decoder") }
        func superDecoder(forKey key: Key) throws -> any Decoder { throw decoder.unreadable("a super decoder") }
    }

    private struct Single: SingleValueDecodingContainer {
        let decoder: ProbeDecoder
        var codingPath: [any CodingKey] { [] }

        func decodeNil() -> Bool { false }

        func decode<T: Decodable>(_ type: T.Type) throws -> T {
            let fieldType = try decoder.probe.fieldType(of: type, path: decoder.path)
            decoder.single = fieldType
            return try ValueDecoder.decode(type, from: fieldType.zero)
        }
    }
}
