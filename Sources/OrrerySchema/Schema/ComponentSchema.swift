/// A 64-bit hash of a schema: equal schemas have equal hashes in every process and on every machine.
///
/// It is FNV-1a over the schema's bytes.
public struct SchemaHash: Hashable, Sendable, CustomStringConvertible {
    /// The bits.
    public let rawValue: UInt64

    /// Creates the hash of these bits.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package init(of bytes: some Sequence<UInt8>) {
        rawValue = StableHash(of: bytes).value
    }

    public var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// All that is needed to read, show and write the values of a component without its Swift type.
public struct ComponentSchema: Hashable, Sendable {
    /// Unique in a world.
    public let name: String
    /// A structure if the component is a struct; any other type if it is an enumeration.
    public let type: FieldType
    /// A sentence for people.
    public let documentation: String?
    /// The canonical bytes of this schema, as they are sent.
    public let encoded: [UInt8]
    /// The hash of ``encoded``.
    public let hash: SchemaHash
    /// `nil` if values vary in size.
    package let fixedForm: FixedForm?

    /// - Throws: ``SchemaError`` if one of `limits` is exceeded or two fields share a name.
    public init(
        name: String, type: FieldType, documentation: String? = nil, limits: SchemaLimits = SchemaLimits()
    ) throws(SchemaError) {
        try limits.check(name: name, type: type, documentation: documentation)
        self.name = name
        self.type = type
        self.documentation = documentation
        var writer = ByteWriter()
        writer.append(schemaName: name, type: type, documentation: documentation)
        guard writer.count <= limits.encodedSizeMax else {
            throw SchemaError(
                component: name,
                "its schema takes \(writer.count) bytes, the limit is \(limits.encodedSizeMax); "
                    + "shorten the documentation of its fields")
        }
        encoded = writer.bytes
        hash = SchemaHash(of: writer.bytes)
        fixedForm = FixedForm(of: type)
    }

    /// Checks that bytes are a value of this component.
    /// - Throws: ``CodecError`` that says what is wrong with them.
    package func check(_ bytes: [UInt8]) throws(CodecError) {
        guard let fixedForm else {
            _ = try DynamicValue(decoding: bytes, as: type)
            return
        }
        let problem: CodecError? = bytes.withUnsafeBytes { buffer in
            do throws(CodecError) {
                try fixedForm.check(buffer)
                return nil
            } catch {
                return error
            }
        }
        if let problem { throw problem }
    }

    /// Whether the component has no values: an entity only has it or does not have it.
    public var isTag: Bool { type == .structure([]) }

    /// The fields, or none for a component that is not a structure.
    public var fields: [Field] {
        if case .structure(let fields) = type { fields } else { [] }
    }

    public static func == (left: ComponentSchema, right: ComponentSchema) -> Bool { left.encoded == right.encoded }
    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
