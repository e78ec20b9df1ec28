import OrrerySchema
import OrreryStore
import OrreryWire

/// The cells that selections show together, each once, even if several selections show it. Server and client compute it
/// in the same way: the server for the cells that it sends, the client for those that it keeps.
struct Coverage: Hashable, Sendable {
    /// An entity that a selection lists.
    struct Single: Hashable, Sendable {
        var entity: Entity
        /// Ascending; none of these is shown for all entities.
        var columns: [ColumnID]
    }

    /// Whether the existence of every entity is shown, with or without components.
    var entities = false
    /// Components of all entities, ascending.
    var columns: [ColumnID] = []
    /// Ascending by entity.
    var singles: [Single] = []

    var isEmpty: Bool { !entities && columns.isEmpty && singles.isEmpty }

    init() {}

    /// - Parameter table: The existing components; selections may name others.
    init(of selections: some Sequence<Selection>, in table: ComponentTable) {
        var whole: Set<ColumnID> = []
        var listed: [(entities: [Entity], columns: [ColumnID])] = []
        for selection in selections {
            let shown =
                switch selection.components {
                case .all: table.columns
                case .some(let columns): columns.filter { table[$0] != nil }
                }
            switch selection.entities {
            case .all:
                whole.formUnion(shown)
                if selection.components == .all { entities = true }
            case .listed(let entities): listed.append((entities, shown))
            }
        }
        columns = whole.sorted()
        var single: [Entity: [ColumnID]] = [:]
        for (entities, shown) in listed {
            let shown = shown.filter { !whole.contains($0) }
            for entity in entities {
                if let known = single[entity] {
                    if known != shown { single[entity] = Set(known).union(shown).sorted() }
                } else {
                    single[entity] = shown
                }
            }
        }
        singles = single.map { Single(entity: $0.key, columns: $0.value) }.sorted { $0.entity < $1.entity }
    }

    /// The entry of a listed entity; `nil` if it is not listed.
    /// - Complexity: O(log n).
    func single(_ entity: Entity) -> Single? {
        var (low, high) = (0, singles.count)
        while low < high {
            let middle = (low + high) / 2
            if singles[middle].entity < entity { low = middle + 1 } else { high = middle }
        }
        return low < singles.count && singles[low].entity == entity ? singles[low] : nil
    }

    /// Whether the component of the entity is shown.
    func covers(_ column: ColumnID, of entity: Entity) -> Bool {
        columns.contains(column) || (single(entity)?.columns.contains(column) ?? false)
    }

    /// Whether the entity itself is shown, whatever its components.
    func coversExistence(of entity: Entity) -> Bool { entities || single(entity) != nil }

    /// The cells that this shows and `other` does not. A component that this shows for all entities, and `other` only
    /// for some, is in the result for all.
    /// - Complexity: O(n + m).
    func subtracting(_ other: Coverage) -> Coverage {
        var result = Coverage()
        result.entities = entities && !other.entities
        result.columns = columns.filter { !other.columns.contains($0) }
        var position = 0
        for single in singles {
            while position < other.singles.count, other.singles[position].entity < single.entity { position += 1 }
            let known =
                position < other.singles.count && other.singles[position].entity == single.entity
                ? other.singles[position].columns : nil
            let columns = single.columns.filter { column in
                !other.columns.contains(column) && !(known?.contains(column) ?? false)
            }
            if known == nil || !columns.isEmpty {
                result.singles.append(Single(entity: single.entity, columns: columns))
            }
        }
        return result
    }
}
