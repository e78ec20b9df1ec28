package import OrrerySchema
package import OrreryStore

/// The bytes of one schema as received. If they cannot be read, that affects their component only.
package struct EncodedSchema: Hashable, Sendable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(_ schema: ComponentSchema) {
        bytes = schema.encoded
    }

    package var hash: SchemaHash { SchemaHash(of: bytes) }

    /// The decoded schema.
    package func schema(limits: SchemaLimits) -> Result<ComponentSchema, SchemaProblem> {
        bytes.withUnsafeBytes { bytes in
            Result { () throws(CodecError) in try ComponentSchema(decoding: bytes, limits: limits) }
        }
        .mapError { SchemaProblem("its schema cannot be read: \($0.description)") }
    }
}
