/// A registered component with its type forgotten: what stands between the typed world and the raw store.
public struct ComponentDescriptor: Sendable {
    public let type: any Component.Type
    public let schema: ComponentSchema
    /// Packs whole columns; `nil` where rows are encoded one by one.
    private let pack: (@Sendable (UnsafeRawPointer, Int, UnsafeMutableRawPointer) -> Void)?
    /// Whether rows have the same bytes in memory and on the wire, so that they need not be packed.
    package let isPackedInMemory: Bool
    private let encode: @Sendable (UnsafeRawPointer, inout ByteWriter) throws(CodecError) -> Void

    public init<C: Component>(_ coder: ComponentCoder<C>) {
        type = C.self
        schema = coder.schema
        switch coder.form {
        case .bitwise(let layout):
            pack = { layout.pack($0, count: $1, into: $2) }
            isPackedInMemory = layout.isDirect
        case .codable:
            pack = nil
            isPackedInMemory = false
        }
        encode = { (row, writer) throws(CodecError) in
            try coder.encode(row.assumingMemoryBound(to: C.self).pointee, into: &writer)
        }
    }

    /// Whether rows lie in memory as plain bytes, so that ``pack(_:count:into:)`` works.
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
}
