public import OrrerySchema
public import OrreryStore

/// The bytes of one schema as they came. Whether they can be read concerns their component alone.
public struct EncodedSchema: Hashable, Sendable {
    public let bytes: [UInt8]

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    public init(_ schema: ComponentSchema) {
        bytes = schema.encoded
    }

    public var hash: SchemaHash { SchemaHash(of: bytes) }

    /// What the bytes say.
    public func schema(limits: SchemaLimits) -> Result<ComponentSchema, SchemaProblem> {
        bytes.withUnsafeBytes { bytes in
            Result { () throws(CodecError) in try ComponentSchema(decoding: bytes, limits: limits) }
        }
        .mapError { SchemaProblem("its schema cannot be read: \($0.description)") }
    }
}
