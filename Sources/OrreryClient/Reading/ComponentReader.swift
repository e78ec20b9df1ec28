import OrrerySchema
import OrreryStore

/// What came of reading a value.
@usableFromInline
enum CellReading {
    /// The entity does not have it, or is not alive.
    case absent
    /// It has been copied to where it was wanted.
    case copied
    /// Its bytes have to be decoded.
    case encoded
}

/// Where the values of one component are, and how they are copied if they need not be decoded: all that is not generic,
/// since generic code costs a hundred times as much across modules.
final class CellReader: Sendable {
    let column: ColumnID
    private let bitwise: BitwiseReader?

    init(_ column: ColumnID, _ bitwise: BitwiseReader?) {
        self.column = column
        self.bitwise = bitwise
    }

    /// Whether values are copied, and none is decoded.
    var isDirect: Bool { bitwise != nil }

    /// - Parameter memory: Room for one value.
    func read(_ entity: Entity, in store: ComponentStore, into memory: UnsafeMutableRawPointer) -> CellReading {
        guard let bitwise else { return .encoded }
        guard store.contains(entity), let bytes = store[column].fixedValue(of: entity.index) else { return .absent }
        // Who asks for the error has it from the decoder.
        return bitwise.read(bytes, into: memory) ? .copied : .encoded
    }
}

/// How the values of one component are read from the store, as `C`: for views and snapshots.
final class ComponentReader<C: Component>: Sendable {
    let cell: CellReader
    let binding: ComponentBinding<C>

    /// - Returns: `nil` where the store does not have the component, or one that does not fit.
    init?(_ store: ComponentStore, _ bindings: Bindings) {
        guard let entry = store.table[C.componentName], let schema = entry.schema,
            let binding = try? bindings.binding(of: C.self, to: schema)
        else { return nil }
        cell = CellReader(entry.column, entry.valueSize == nil ? nil : binding.bitwiseReader)
        self.binding = binding
    }

    /// - Returns: `nil` where the entity does not have it, or is not alive.
    /// - Throws: for bytes that are no `C`: a case that this client does not know, say.
    func value(of entity: Entity, in store: ComponentStore) throws(CodecError) -> C? {
        guard store.contains(entity) else { return nil }
        return try store[cell.column].withValue(of: entity.index) { (bytes) throws(CodecError) in
            try binding.decode(bytes)
        }
    }
}
