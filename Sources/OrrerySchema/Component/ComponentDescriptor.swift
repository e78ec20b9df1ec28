/// A registered component without its Swift type: the link between the typed world and the raw store.
public struct ComponentDescriptor: Sendable {
    /// The Swift type of the component.
    public let type: any Component.Type
    /// What values look like on the wire.
    public let schema: ComponentSchema
    /// Packs whole columns; `nil` if rows are encoded one by one.
    private let pack: (@Sendable (UnsafeRawPointer, Int, UnsafeMutableRawPointer) -> Void)?
    /// Whether rows have the same bytes in memory and on the wire, so that they need not be packed.
    package let isPackedInMemory: Bool
    private let encode: @Sendable (UnsafeRawPointer, inout ByteWriter) throws(CodecError) -> Void
    private let dynamicValue: @Sendable (UnsafeRawPointer) throws(CodecError) -> DynamicValue
    private let decode: @Sendable (UnsafeRawBufferPointer, UnsafeMutableRawPointer) throws(CodecError) -> Void
    /// `nil` if values need no destruction.
    private let deinitialize: (@Sendable (UnsafeMutableRawPointer) -> Void)?
    /// The stride and the alignment of a value in memory.
    package let (stride, alignment): (Int, Int)

    /// Creates the descriptor of a coder's component.
    public init<C: Component>(_ coder: ComponentCoder<C>) {
        type = C.self
        schema = coder.schema
        (stride, alignment) = (MemoryLayout<C>.stride, MemoryLayout<C>.alignment)
        switch coder.form {
        case .bitwise(let layout):
            pack = { layout.pack($0, count: $1, into: $2) }
            isPackedInMemory = layout.isDirect
            decode = { (bytes, row) throws(CodecError) in
                row.initializeMemory(as: UInt8.self, repeating: 0, count: layout.stride)
                try layout.unpack(bytes, into: row)
            }
            deinitialize = nil
        case .codable:
            pack = nil
            isPackedInMemory = false
            decode = { (bytes, row) throws(CodecError) in
                row.initializeMemory(as: C.self, to: try coder.decode(bytes))
            }
            deinitialize = { $0.assumingMemoryBound(to: C.self).deinitialize(count: 1) }
        }
        dynamicValue = { (row) throws(CodecError) in
            try coder.dynamicValue(of: row.assumingMemoryBound(to: C.self).pointee)
        }
        encode = { (row, writer) throws(CodecError) in
            try coder.encode(row.assumingMemoryBound(to: C.self).pointee, into: &writer)
        }
    }

    /// Whether rows are plain bytes in memory, so that ``pack(_:count:into:)`` works.
    public var isBitwise: Bool { pack != nil }

    /// Writes rows that lie one stride apart in memory as one packed column.
    /// - Precondition: the component is bitwise, and `target` has room for the fixed size of `count` values.
    package func pack(_ rows: UnsafeRawPointer, count: Int, into target: UnsafeMutableRawPointer) {
        guard let pack else { preconditionFailure("\(schema.name) is not bitwise") }
        pack(rows, count, target)
    }

    /// Appends the wire form of the value at `row`.
    package func encode(_ row: UnsafeRawPointer, into writer: inout ByteWriter) throws(CodecError) {
        try encode(row, &writer)
    }

    /// The dynamic form of the value at `row`.
    package func dynamicValue(of row: UnsafeRawPointer) throws(CodecError) -> DynamicValue { try dynamicValue(row) }

    /// Decodes a value from its wire form into memory.
    /// - Parameter row: Memory with room for `stride` bytes that holds no value.
    /// - Throws: ``CodecError`` for any bytes that are not a value of this component; then `row` holds no value.
    package func decode(_ bytes: UnsafeRawBufferPointer, into row: UnsafeMutableRawPointer) throws(CodecError) {
        try decode(bytes, row)
    }

    /// Destroys a value in memory.
    package func deinitialize(_ row: UnsafeMutableRawPointer) { deinitialize?(row) }
}
