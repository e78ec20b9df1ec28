public import OrrerySchema
import OrreryStore

/// The result of reading a value.
@usableFromInline
enum CellReading {
    /// The entity does not have the component, or is not alive.
    case absent
    /// The value was copied to the destination.
    case copied
    /// The bytes have to be decoded.
    case encoded

    /// - Parameters:
    ///   - read: Copies the value into room for one, if it can be copied.
    ///   - decode: Decodes it otherwise.
    @inlinable
    static func value<C: Component>(
        of type: C.Type, reading read: (UnsafeMutableRawPointer) -> CellReading, decoding decode: () -> C?
    ) -> C? {
        withUnsafeTemporaryAllocation(of: C.self, capacity: 1) { memory in
            guard let address = memory.baseAddress else { return nil }
            return switch read(UnsafeMutableRawPointer(address)) {
            case .absent: nil
            case .copied: address.pointee
            case .encoded: decode()
            }
        }
    }
}

/// Reads one component's values that can be copied without decoding. It is not generic because generic code is a
/// hundred times slower across modules.
final class CellReader: Sendable {
    let column: ColumnID
    private let bitwise: BitwiseReader?

    init(_ column: ColumnID, _ bitwise: BitwiseReader?) {
        self.column = column
        self.bitwise = bitwise
    }

    /// Whether values are copied without decoding.
    var isDirect: Bool { bitwise != nil }

    /// - Parameter memory: Room for one value.
    func read(_ entity: Entity, in store: ComponentStore, into memory: UnsafeMutableRawPointer) -> CellReading {
        guard let bitwise else { return .encoded }
        let column = store[column]
        guard let row = store.row(of: entity, in: column), let bytes = column.fixedValue(of: row) else {
            return .absent
        }
        // On failure, the decoder reports the error to the caller.
        return bitwise.read(bytes, into: memory) ? .copied : .encoded
    }
}

/// Reads the values of one component from the store as `C`, for views and snapshots.
final class ComponentReader<C: Component>: Sendable {
    let cell: CellReader
    let binding: ComponentBinding<C>

    /// - Returns: `nil` if the store does not have the component, or its component does not fit.
    init?(_ store: ComponentStore, _ bindings: Bindings) {
        guard let entry = store.table[C.componentName], let schema = entry.schema,
            let binding = try? bindings.binding(of: C.self, to: schema)
        else { return nil }
        cell = CellReader(entry.column, entry.valueSize == nil ? nil : binding.bitwiseReader)
        self.binding = binding
    }

    /// - Returns: `nil` if the entity does not have the component, or is not alive; of no entity, the resource.
    /// - Throws: If the bytes are not a value of `C`, for example an enumeration case that this client does not know.
    func value(of entity: Entity, in store: ComponentStore) throws(CodecError) -> C? {
        try store.withValue(of: entity, in: cell.column) { (bytes) throws(CodecError) in
            try binding.decode(bytes)
        }
    }
}
