/// Lets a typed reader use the values of a peer whose version of the component may be different.
///
/// Fields are matched by name and type: reordered, added and removed fields keep working, and a missing field takes its
/// default.
public struct ComponentBinding<C: Component>: Sendable {
    private let coder: ComponentCoder<C>
    private let source: ComponentSchema
    /// Set if the bytes cannot be read as they are.
    private let fallback: DynamicValue?
    /// Whether the peer's version has no field that `C` does not have.
    package let holdsAllFields: Bool

    /// - Throws: ``SchemaError`` if a field has different types on the two sides, or `C` cannot be reflected.
    public init(to source: ComponentSchema) throws(SchemaError) {
        coder = try ComponentCoder<C>()
        self.source = source
        holdsAllFields = source.type.isCovered(by: coder.schema.type)
        guard source.type.shape != coder.schema.type.shape else {
            fallback = nil
            return
        }
        let standard = coder.standardValue
        fallback = standard
        do throws(CodecError) {
            // A field with two types is found now, not at the first value.
            _ = try source.type.zero.converted(
                from: source.type.shape, to: coder.schema.type.shape, fallback: standard)
        } catch {
            // A case that only the server has is an error only for the values that have it.
            guard error.code != .typeMismatch else {
                throw SchemaError(
                    component: C.componentName, "the server's version does not fit this client's: \(error.message)")
            }
        }
    }

    /// Whether values are read straight from the bytes.
    public var isDirect: Bool { fallback == nil }

    /// Reads values whose bytes are those of `C` in memory, except for padding; `nil` for others.
    package var bitwiseReader: BitwiseReader? {
        guard fallback == nil, case .bitwise(let layout) = coder.form else { return nil }
        return BitwiseReader(layout)
    }

    /// Encodes a value with the peer's schema. Fields that only the peer has are zero.
    /// - Throws: ``CodecError`` for a value that the peer's schema does not have.
    public func encode(_ value: C) throws(CodecError) -> [UInt8] {
        guard fallback != nil else {
            var writer = ByteWriter()
            try coder.encode(value, into: &writer)
            return writer.bytes
        }
        let converted = try coder.dynamicValue(of: value).converted(
            from: coder.schema.type.shape, to: source.type.shape, fallback: source.type.zero)
        return try converted.encoded(as: source.type)
    }

    /// The names of the fields along a key path, as both sides know them.
    package func fieldNames(of keyPath: PartialKeyPath<C>) -> [String]? { coder.fieldNames(of: keyPath) }

    /// The fields that both versions have, each with its positions in the peer's version, from the outermost, and its
    /// bytes.
    /// - Throws: As ``encode(_:)``.
    package func encodeFields(of value: C) throws(CodecError) -> [(path: [Int], bytes: [UInt8])] {
        let converted = try coder.dynamicValue(of: value).converted(
            from: coder.schema.type.shape, to: source.type.shape, fallback: source.type.zero)
        var fields: [(path: [Int], bytes: [UInt8])] = []
        for path in source.type.paths(coveredBy: coder.schema.type) {
            guard let type = source.type.field(at: path), let member = converted.member(at: path) else { continue }
            fields.append((path, try member.encoded(as: type)))
        }
        return fields
    }

    /// - Throws: ``CodecError`` for bytes that are not a value of the peer's schema, or for a value that `C` does not
    ///   have.
    public func decode(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> C {
        guard let fallback else { return try coder.decode(bytes) }
        let value = try DynamicValue(decoding: bytes, as: source.type)
        return try coder.value(
            of: try value.converted(
                from: source.type.shape, to: coder.schema.type.shape, fallback: fallback))
    }
}

extension FieldType {
    /// The type without what is only for people: units, ranges, documentation. Values of equal shapes have equal bytes.
    var shape: FieldType {
        switch self {
        case .structure(let fields): .structure(fields.map(\.shape))
        case .optional(let inner): .optional(inner.shape)
        case .array(let inner): .array(inner.shape)
        case .set(let inner): .set(inner.shape)
        case .dictionary(let key, let value): .dictionary(key: key.shape, value: value.shape)
        case .union(let cases): .union(cases.map { UnionCase($0.name, $0.fields.map(\.shape)) })
        case .scalar, .vector, .entity, .enumeration, .string: self
        }
    }
}

extension FieldType {
    /// Whether values of the other type hold all that values of this type hold: its structures may have more fields.
    fileprivate func isCovered(by other: FieldType) -> Bool {
        guard case .structure(let fields) = self, case .structure(let others) = other else { return true }
        return fields.allSatisfy { field in
            others.contains { $0.name == field.name && field.type.isCovered(by: $0.type) }
        }
    }

    /// The positions of the fields that the other type holds completely.
    fileprivate func paths(coveredBy other: FieldType) -> [[Int]] {
        guard case .structure(let fields) = self, case .structure(let others) = other else { return [] }
        return fields.enumerated().flatMap { position, field -> [[Int]] in
            guard let same = others.first(where: { $0.name == field.name }) else { return [] }
            guard !field.type.isCovered(by: same.type) else { return [[position]] }
            return field.type.paths(coveredBy: same.type).map { [position] + $0 }
        }
    }
}

extension Field {
    fileprivate var shape: Field { Field(name, type.shape) }
}
