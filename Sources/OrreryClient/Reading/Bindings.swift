import OrrerySchema
import OrreryStore
import Synchronization

/// How the types of this client read and write the components of servers: each worked out once.
///
/// Bound: ``countMax``; beyond, all are forgotten and worked out again.
final class Bindings: Sendable {
    private struct Key: Hashable {
        let type: ObjectIdentifier
        let schema: SchemaHash
    }

    /// `@unchecked Sendable`: a key path does not change.
    private struct PathKey: Hashable, @unchecked Sendable {
        let keyPath: AnyKeyPath
    }

    /// What is known of a type for one table of components.
    struct Reading: Sendable {
        let tableVersion: Int
        /// `nil` where the table does not have the component, or one that does not fit.
        let cell: CellReader?
        /// A `ComponentReader` of the type, if there is a cell.
        fileprivate let reader: (any AnyObject & Sendable)?
    }

    private let known = Mutex<[Key: any Sendable]>([:])
    /// The last of each type.
    private let readings = Mutex<[ObjectIdentifier: Reading]>([:])
    /// The names of the fields of key paths that the program has.
    private let names = Mutex<[PathKey: [String]]>([:])
    /// A server that begins anew may have other schemas each time.
    private static let countMax = 1024

    /// - Throws: a ``ClientError`` of code `component` where the server's version does not fit.
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

    /// - Returns: `nil` where the store does not have the component, or one that does not fit.
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

    /// What is known of a type; `nil` if it was not asked for with the store's table of components.
    func reading(_ type: ObjectIdentifier, in store: ComponentStore) -> Reading? {
        guard let known = readings.withLock({ $0[type] }), known.tableVersion == store.tableVersion else { return nil }
        return known
    }
}
