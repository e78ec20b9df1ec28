/// Records the case of a sample, and the types of its payload.
///
/// The synthesized coding of an enumeration is one key, the case, that holds a container for the payload.
final class SampleEncoder: Encoder {
    private let probe: SchemaProbe
    private let path: [String]
    private var name: String?
    private var fields: [Field] = []
    private var failure: SchemaError?

    init(probe: SchemaProbe, path: [String]) {
        self.probe = probe
        self.path = path
    }

    func unionCase() throws(SchemaError) -> UnionCase {
        if let failure { throw failure }
        guard let name else { throw unreadable }
        return UnionCase(name, fields)
    }

    private var unreadable: SchemaError {
        SchemaError(
            component: probe.component, path: path,
            "its encode(to:) is not the synthesized one of an enumeration; conform it to SchemaProviding "
                + "and state its schema by hand")
    }

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(Keyed(encoder: self, isPayload: false))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer { refuse().unkeyedContainer() }
    func singleValueContainer() -> any SingleValueEncodingContainer { refuse().singleValueContainer() }

    /// Records that the coding is not supported; what is written from here on is discarded.
    private func refuse() -> any Encoder {
        failure = failure ?? unreadable
        return ValueEncoder(as: .structure([]))
    }

    private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let encoder: SampleEncoder
        let isPayload: Bool
        var codingPath: [any CodingKey] { [] }

        func encodeNil(forKey key: Key) throws { throw encoder.unreadable }

        func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try add(T.self, key, optional: false) }

        func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws {
            try add(T.self, key, optional: true)
        }

        // The standard library's own versions of these would omit absent values.
        func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try add(Bool.self, key, optional: true) }
        func encodeIfPresent(_ value: String?, forKey key: Key) throws { try add(String.self, key, optional: true) }
        func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try add(Double.self, key, optional: true) }
        func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try add(Float.self, key, optional: true) }
        func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try add(Int.self, key, optional: true) }
        func encodeIfPresent(_ value: Int8?, forKey key: Key) throws { try add(Int8.self, key, optional: true) }
        func encodeIfPresent(_ value: Int16?, forKey key: Key) throws { try add(Int16.self, key, optional: true) }
        func encodeIfPresent(_ value: Int32?, forKey key: Key) throws { try add(Int32.self, key, optional: true) }
        func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try add(Int64.self, key, optional: true) }
        func encodeIfPresent(_ value: UInt?, forKey key: Key) throws { try add(UInt.self, key, optional: true) }
        func encodeIfPresent(_ value: UInt8?, forKey key: Key) throws { try add(UInt8.self, key, optional: true) }
        func encodeIfPresent(_ value: UInt16?, forKey key: Key) throws { try add(UInt16.self, key, optional: true) }
        func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws { try add(UInt32.self, key, optional: true) }
        func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try add(UInt64.self, key, optional: true) }

        private func add(_ type: Any.Type, _ key: Key, optional: Bool) throws {
            guard isPayload, let name = encoder.name else { throw encoder.unreadable }
            let fieldType = try encoder.probe.fieldType(of: type, path: encoder.path + [name, key.stringValue])
            encoder.fields.append(Field(key.stringValue, optional ? .optional(fieldType) : fieldType))
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) -> KeyedEncodingContainer<Nested> {
            if isPayload || encoder.name != nil { _ = encoder.refuse() }
            encoder.name = key.stringValue
            return KeyedEncodingContainer<Nested>(SampleEncoder.Keyed<Nested>(encoder: encoder, isPayload: true))
        }

        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { encoder.unkeyedContainer() }
        func superEncoder() -> any Encoder { encoder.refuse() }
        func superEncoder(forKey key: Key) -> any Encoder { encoder.refuse() }
    }
}
