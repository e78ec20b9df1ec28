package import OrrerySchema
package import OrreryStore

/// The bytes of one schema as they came. Whether they can be read concerns their component alone.
package struct EncodedSchema: Hashable, Sendable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(_ schema: ComponentSchema) {
        bytes = schema.encoded
    }

    package var hash: SchemaHash { SchemaHash(of: bytes) }

    /// What the bytes say.
    package func schema(limits: SchemaLimits) -> Result<ComponentSchema, SchemaProblem> {
        bytes.withUnsafeBytes { bytes in
            Result { () throws(CodecError) in try ComponentSchema(decoding: bytes, limits: limits) }
        }
        .mapError { SchemaProblem("its schema cannot be read: \($0.description)") }
    }
}
