import OrrerySchema
import OrreryStore
import OrreryWire

/// The cells that selections show together, each once, however many show it. Worked out in one way at the server, which
/// sends them, and at the client, which keeps them.
struct Coverage: Hashable, Sendable {
    /// One entity that is asked for by name.
    struct Single: Hashable, Sendable {
        var entity: Entity
        /// Ascending, none of them shown as a whole.
        var columns: [ColumnID]
    }

    /// The coming and going of every entity, with components or without.
    var entities = false
    /// Components of all entities, ascending.
    var columns: [ColumnID] = []
    /// Ascending by entity.
    var singles: [Single] = []

    var isEmpty: Bool { !entities && columns.isEmpty && singles.isEmpty }

    init() {}

    /// - Parameter table: the components that there are; selections may name others.
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

    /// What is shown of an entity by name; `nil` where it is not listed.
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

    /// Whether the entity itself is shown, whatever components it has.
    func coversExistence(of entity: Entity) -> Bool { entities || single(entity) != nil }

    /// What this shows beyond `other`. A component of all entities that `other` shows of some is in it as a whole.
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
