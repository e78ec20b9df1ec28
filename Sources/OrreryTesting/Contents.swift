public import OrrerySchema
package import OrreryStore

/// The contents of a store, for comparison: every living entity with the bytes of its components, by name; the
/// resources, if there are any, as those of `Entity.none`; and what the server shows of itself, if somebody looks.
public struct Contents: Hashable, Sendable {
    /// The bytes of each component of each living entity, by component name.
    public private(set) var entities: [Entity: [String: [UInt8]]] = [:]

    package init(of store: ComponentStore) {
        let statusRows = store.table.entries.lazy.filter { $0.rowKind == .status }
            .reduce(RowSet()) { $0.union(store[$1.column].rows) }
        let others = statusRows.indexes.map { Entity(statusRow: $0) } + [.none]
        for entity in store.entities.rows.indexes.compactMap(store.entity) + others {
            var values: [String: [UInt8]] = [:]
            for column in store.columns(of: entity) {
                values[store.table.name(of: column)] = store.withValue(of: entity, in: column) { Array($0) }
            }
            if entity != .none || !values.isEmpty { entities[entity] = values }
        }
    }

    /// The part of the contents that matches a condition.
    /// - Parameter isIncluded: Called with each component of an entity, and with `nil` for the entity itself: whether
    ///   the entity is shown even if none of its components is.
    public func filtered(_ isIncluded: (Entity, String?) -> Bool) -> Contents {
        var result = self
        result.entities = [:]
        for (entity, values) in entities {
            let kept = values.filter { isIncluded(entity, $0.key) }
            if !kept.isEmpty || isIncluded(entity, nil) { result.entities[entity] = kept }
        }
        return result
    }

    /// The contents with other values.
    package func mapped(_ transform: (_ component: String, _ value: [UInt8]) -> [UInt8]) -> Contents {
        var result = self
        for (entity, values) in entities {
            result.entities[entity] = Dictionary(uniqueKeysWithValues: values.map { ($0, transform($0, $1)) })
        }
        return result
    }

    /// The first difference in words, for a test's failure message; `nil` if there is none.
    public func difference(from other: Contents) -> String? {
        for entity in Set(entities.keys).union(other.entities.keys).sorted() {
            guard let mine = entities[entity] else { return "\(entity) is missing on the left" }
            guard let theirs = other.entities[entity] else { return "\(entity) is missing on the right" }
            for name in Set(mine.keys).union(theirs.keys).sorted() where mine[name] != theirs[name] {
                return "\(entity).\(name): \(mine[name].map { "\($0)" } ?? "none") on the left, "
                    + "\(theirs[name].map { "\($0)" } ?? "none") on the right"
            }
        }
        return nil
    }

    /// A hash that is equal for equal contents, in every process and on every machine. FNV-1a.
    public var digest: UInt64 {
        var hash = StableHash()
        for (entity, values) in entities.sorted(by: { $0.key < $1.key }) {
            hash.combine("\(entity)".utf8)
            for (name, value) in values.sorted(by: { $0.key < $1.key }) {
                hash.combine(name.utf8)
                hash.combine(value)
            }
        }
        return hash.value
    }
}
