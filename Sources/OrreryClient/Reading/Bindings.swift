import OrrerySchema
import OrreryStore
import Synchronization

/// A cache of how this client's types read and write the servers' components.
///
/// Bound: ``countMax``; beyond it, the cache is emptied.
final class Bindings: Sendable {
    private struct Key: Hashable {
        let type: ObjectIdentifier
        let schema: SchemaHash
    }

    /// `@unchecked Sendable`: a key path is immutable.
    private struct PathKey: Hashable, @unchecked Sendable {
        let keyPath: AnyKeyPath
    }

    /// How to read a type with one component table.
    struct Reading: Sendable {
        let tableVersion: Int
        /// `nil` if the table does not have the component, or its component does not fit.
        let cell: CellReader?
        /// A `ComponentReader` of the type, if there is a cell.
        fileprivate let reader: (any AnyObject & Sendable)?
    }

    private let known = Mutex<[Key: any Sendable]>([:])
    /// The latest reading of each type.
    private let readings = Mutex<[ObjectIdentifier: Reading]>([:])
    /// The field names of the key paths that the program uses.
    private let names = Mutex<[PathKey: [String]]>([:])
    /// A server may have other schemas after each restart.
    private static let countMax = 1024

    /// - Throws: ``ClientError`` of code `component` if the server's version does not fit.
    func binding<C: Component>(of type: C.Type, to schema: ComponentSchema) throws(ClientError) -> ComponentBinding<C> {
        let key = Key(type: ObjectIdentifier(type), schema: schema.hash)
        if let binding = known.withLock({ $0[key] }) as? ComponentBinding<C> { return binding }
        do throws(SchemaError) {
            let binding = try ComponentBinding<C>(to: schema)
            known.withLock { known in
                if known.count >= Self.countMax { known.removeAll() }
                known[key] = binding
            }
            return binding
        } catch {
            throw ClientError(.component, error.description, phase: .subscribe)
        }
    }

    /// The names of the fields that a key path leads through.
    func names<C: Component>(of keyPath: PartialKeyPath<C>, by binding: ComponentBinding<C>) -> [String]? {
        let key = PathKey(keyPath: keyPath)
        if let names = names.withLock({ $0[key] }) { return names }
        let found = binding.fieldNames(of: keyPath)
        if let found { names.withLock { $0[key] = found } }
        return found
    }

    /// - Returns: `nil` if the store does not have the component, or its component does not fit.
    func reader<C: Component>(of type: C.Type, in store: ComponentStore) -> ComponentReader<C>? {
        let key = ObjectIdentifier(type)
        if let reading = reading(key, in: store) {
            return reading.reader.map { unsafeDowncast($0, to: ComponentReader<C>.self) }
        }
        let reader = ComponentReader<C>(store, self)
        let reading = Reading(tableVersion: store.tableVersion, cell: reader?.cell, reader: reader)
        readings.withLock { $0[key] = reading }
        return reader
    }

    /// The cached reading of a type; `nil` if there is none for the store's current component table.
    func reading(_ type: ObjectIdentifier, in store: ComponentStore) -> Reading? {
        guard let known = readings.withLock({ $0[type] }), known.tableVersion == store.tableVersion else { return nil }
        return known
    }
}
