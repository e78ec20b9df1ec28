import OrrerySchema
import OrreryStore

/// How the values of one component are read from the store, as `C`: for views and snapshots.
struct ComponentReader<C: Component>: Sendable {
    let column: ColumnID
    let binding: ComponentBinding<C>
    /// Whether a value is read from its bytes at no more cost than a copy.
    let isDirect: Bool

    /// - Returns: `nil` where the store does not have the component, or one that does not fit.
    init?(_ store: ComponentStore, _ bindings: Bindings) {
        guard let entry = store.table[C.componentName], let schema = entry.schema,
            let binding = try? bindings.binding(of: C.self, to: schema)
        else { return nil }
        column = entry.column
        self.binding = binding
        isDirect = binding.isDirect && entry.valueSize != nil
    }

    /// - Returns: `nil` where the entity does not have it, or is not alive.
    /// - Throws: for bytes that are no `C`: a case that this client does not know, say.
    func value(of entity: Entity, in store: ComponentStore) throws(CodecError) -> C? {
        guard store.contains(entity) else { return nil }
        return try store[column].withValue(of: entity.index) { (bytes) throws(CodecError) in try binding.decode(bytes) }
    }
}
