import OrrerySchema
import OrreryStore
import OrreryWire

/// Some of the cells of a world: those that a query shows, or several queries together, each once.
struct Cells: Hashable, Sendable {
    /// A component of some entities.
    struct Listed: Hashable, Sendable {
        var column: ColumnID
        /// Ascending, at least one.
        var entities: [Entity]
    }

    /// Whether the existence of every entity is shown, with or without components.
    var everyEntity = false
    /// Components of all entities, ascending.
    var columns: [ColumnID] = []
    /// Entities whose existence is shown, with or without components, ascending.
    var entities: [Entity] = []
    /// Components of listed entities, ascending by component; none of them is in ``columns``.
    var listed: [Listed] = []

    var isEmpty: Bool { !everyEntity && columns.isEmpty && entities.isEmpty && listed.isEmpty }

    init() {}

    /// The cells that a selection shows.
    /// - Parameter table: The existing components; a selection may name others.
    init(of selection: Selection, in table: ComponentTable) {
        let shown =
            switch selection.components {
            case .all: table.columns
            case .some(let columns): columns.filter { table[$0] != nil }
            }
        switch selection.entities {
        case .all:
            columns = shown
            everyEntity = selection.components == .all
        case .listed(let entities) where !entities.isEmpty:
            self.entities = entities
            listed = shown.map { Listed(column: $0, entities: entities) }
        case .listed: break
        }
    }

    /// The listed cells and entities.
    var listedCount: Int { listed.reduce(entities.count) { $0 + $1.entities.count } }

    /// The entities listed for a component.
    func entities(listedFor column: ColumnID) -> [Entity] {
        listed.firstIndex { $0.column >= column }.map { listed[$0].column == column ? listed[$0].entities : [] } ?? []
    }

    /// Whether the component of the entity is shown.
    /// - Complexity: O(columns + log n).
    func covers(_ column: ColumnID, of entity: Entity) -> Bool {
        columns.contains(column) || entities(listedFor: column).containsSorted(entity)
    }

    /// Whether the entity itself is shown, whatever its components.
    /// - Complexity: O(log n).
    func coversExistence(of entity: Entity) -> Bool { everyEntity || entities.containsSorted(entity) }

    /// The cells that this shows and `other` does not. A component that this shows for all entities, and `other` only
    /// for some, is in the result for all.
    /// - Complexity: O(n + m).
    func subtracting(_ other: Cells) -> Cells {
        var result = Cells()
        result.everyEntity = everyEntity && !other.everyEntity
        result.columns = columns.filter { !other.columns.contains($0) }
        if !other.everyEntity { result.entities = entities.subtractingSorted(other.entities) }
        for list in listed where !other.columns.contains(list.column) {
            let rest = list.entities.subtractingSorted(other.entities(listedFor: list.column))
            if !rest.isEmpty { result.listed.append(Listed(column: list.column, entities: rest)) }
        }
        return result
    }
}

extension [Entity] {
    /// Where an entity is in an ascending list, or would be.
    fileprivate func sortedPosition(of entity: Entity) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < entity { low = middle + 1 } else { high = middle }
        }
        return low
    }

    fileprivate func containsSorted(_ entity: Entity) -> Bool {
        let position = sortedPosition(of: entity)
        return position < count && self[position] == entity
    }

    /// The entities of an ascending list that another one lacks.
    fileprivate func subtractingSorted(_ other: [Entity]) -> [Entity] {
        guard !other.isEmpty else { return self }
        var position = 0
        return filter { entity in
            while position < other.count, other[position] < entity { position += 1 }
            return position == other.count || other[position] != entity
        }
    }
}
