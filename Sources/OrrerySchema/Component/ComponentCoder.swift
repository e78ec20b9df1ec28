/// Converts values of one component type to their wire form and back.
public struct ComponentCoder<C: Component>: Sendable {
    /// What values look like on the wire.
    public let schema: ComponentSchema
    let form: Form

    enum Form: Sendable {
        case bitwise(BitwiseLayout)
        case codable
    }

    /// Whether values are plain bytes in memory, and of fixed size on the wire.
    package var isBitwise: Bool { if case .bitwise = form { true } else { false } }

    /// Reads the schema of `C`: from its layout, or by probing its `Codable`.
    /// - Throws: ``SchemaError`` that names the field that cannot be synchronised, its type, and what to do.
    /// - Complexity: Once per registration; a few microseconds per field.
    public init(limits: SchemaLimits = SchemaLimits()) throws(SchemaError) {
        var type: FieldType
        (form, type) = try Self.reflect(limits)
        for annotation in C.annotations { try annotation.apply(to: &type, form) }
        schema = try ComponentSchema(name: C.componentName, type: type, documentation: C.documentation, limits: limits)
    }

    private static func reflect(_ limits: SchemaLimits) throws(SchemaError) -> (Form, FieldType) {
        let refusal: SchemaError
        if RuntimeReflection.isTrivial(C.self), !(C.self is any SchemaProviding.Type) {
            do throws(SchemaError) {
                let layout = try BitwiseLayout(of: C.self, component: C.componentName)
                return (.bitwise(layout), layout.fieldType)
            } catch { refusal = error }
        } else {
            refusal = SchemaError(component: C.componentName, "\(C.self) is not of fixed size")
        }
        guard C.self is any Codable.Type else {
            throw SchemaError(
                component: C.componentName, path: refusal.path,
                "\(refusal.message); conform \(C.self) to Codable, or leave it unregistered")
        }
        return (
            .codable,
            try SchemaProbe(component: C.componentName, depthMax: limits.depthMax).fieldType(of: C.self, path: [])
        )
    }

    /// The dynamic form of `C()`.
    var standardValue: DynamicValue {
        // A type whose default cannot be encoded has no defaults; all its fields must then be sent.
        (try? dynamicValue(of: C())) ?? .structure([])
    }

    /// Appends the wire form of a value.
    /// - Throws: ``CodecError`` if `encode(to:)` fails or writes something other than the schema says. Never for
    ///   bitwise components.
    public func encode(_ value: C, into writer: inout ByteWriter) throws(CodecError) {
        switch form {
        case .bitwise(let layout):
            withUnsafeBytes(of: value) { memory in
                writer.append(uninitializedCount: layout.wireSize) {
                    layout.pack(memory.baseAddress!, count: 1, into: $0.baseAddress!)
                }
            }
        case .codable:
            try writer.append(try dynamicValue(of: value), as: schema.type)
        }
    }

    /// Reads a value that fills `bytes` exactly.
    /// - Throws: ``CodecError`` for any bytes that are not a value of this component.
    public func decode(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> C {
        switch form {
        case .bitwise(let layout):
            var value = C()
            let result = withUnsafeMutableBytes(of: &value) { memory in
                Result { () throws(CodecError) in try layout.unpack(bytes, into: memory.baseAddress!) }
            }
            try result.get()
            return value
        case .codable:
            return try value(of: try DynamicValue(decoding: bytes, as: schema.type))
        }
    }

    /// The dynamic form of a value.
    public func dynamicValue(of value: C) throws(CodecError) -> DynamicValue {
        switch form {
        case .bitwise:
            var writer = ByteWriter()
            try encode(value, into: &writer)
            return try DynamicValue(decoding: writer.bytes, as: schema.type)
        case .codable:
            do {
                return try ValueEncoder.encode(value, as: schema.type)
            } catch let error as CodecError {
                throw error
            } catch {
                throw CodecError(.outOfDomain, "encoding a \(C.componentName) failed: \(error)")
            }
        }
    }

    /// The value that a dynamic form represents.
    public func value(of dynamic: DynamicValue) throws(CodecError) -> C {
        switch form {
        case .bitwise:
            let bytes = try dynamic.encoded(as: schema.type)
            let result = bytes.withUnsafeBytes { buffer in
                Result { () throws(CodecError) in try decode(buffer) }
            }
            return try result.get()
        case .codable:
            do {
                return try ValueDecoder.decode(C.self, from: dynamic)
            } catch let error as CodecError {
                throw error
            } catch {
                throw CodecError(.outOfDomain, "decoding a \(C.componentName) failed: \(error)")
            }
        }
    }
}
