import OrrerySchema
import OrreryStore

/// The cells that some queries show together, counted, so that a query comes or goes at the cost of what it shows.
/// Server and client use it in the same way: the server for the cells that it sends, the client for those that it
/// keeps.
struct CellCounts {
    /// The shown cells.
    private(set) var cells = Cells()
    private var everyEntityCount = 0
    /// How many queries show each of ``Cells/columns``.
    private var columnCounts: [Int] = []
    private var entities = CountedEntities()
    /// By component, ascending, also of those that are shown for all entities.
    private var lists: [(column: ColumnID, entities: CountedEntities)] = []

    init() {}

    /// - Complexity: As for adding them one by one.
    init(_ queries: some Sequence<Cells>) {
        for query in queries { add(query) }
    }

    /// Adds the cells of a query.
    /// - Returns: Those that were not shown before. A component that it shows for all entities is among them for all,
    ///   even if it was shown for some.
    /// - Complexity: O(cells of the query), and a pass through each list that it extends.
    @discardableResult
    mutating func add(_ query: Cells) -> Cells {
        var new = Cells()
        if query.everyEntity {
            everyEntityCount += 1
            new.everyEntity = everyEntityCount == 1
            cells.everyEntity = true
        }
        for column in query.columns {
            let position = cells.columns.firstIndex { $0 >= column } ?? cells.columns.count
            if position < cells.columns.count, cells.columns[position] == column {
                columnCounts[position] += 1
            } else {
                cells.columns.insert(column, at: position)
                columnCounts.insert(1, at: position)
                cells.listed.removeAll { $0.column == column }
                new.columns.append(column)
            }
        }
        cells.entities = []
        let listed = entities.add(query.entities)
        if !cells.everyEntity { new.entities = listed }
        cells.entities = entities.entities
        for list in query.listed {
            let added = change(list.column) { $0.add(list.entities) }
            if !added.isEmpty { new.listed.append(Cells.Listed(column: list.column, entities: added)) }
        }
        return new
    }

    /// Removes the cells of a query that was added.
    /// - Returns: Those that are no longer shown. A component that it showed for all entities is among them for all,
    ///   even if it is still shown for some.
    /// - Complexity: As for ``add(_:)``.
    @discardableResult
    mutating func remove(_ query: Cells) -> Cells {
        var gone = Cells()
        if query.everyEntity {
            everyEntityCount -= 1
            gone.everyEntity = everyEntityCount == 0
            cells.everyEntity = everyEntityCount > 0
        }
        for column in query.columns {
            guard let position = cells.columns.firstIndex(of: column) else {
                preconditionFailure("component \(column) was not added")
            }
            columnCounts[position] -= 1
            guard columnCounts[position] == 0 else { continue }
            cells.columns.remove(at: position)
            columnCounts.remove(at: position)
            _ = change(column) { _ in [] }
            gone.columns.append(column)
        }
        cells.entities = []
        let listed = entities.remove(query.entities)
        if !cells.everyEntity { gone.entities = listed }
        cells.entities = entities.entities
        for list in query.listed {
            let removed = change(list.column) { $0.remove(list.entities) }
            if !removed.isEmpty { gone.listed.append(Cells.Listed(column: list.column, entities: removed)) }
        }
        return gone
    }

    /// Changes the list of a component, and the shown cells with it.
    /// - Returns: What `body` returns; nothing if the component is shown for all entities.
    private mutating func change(_ column: ColumnID, _ body: (inout CountedEntities) -> [Entity]) -> [Entity] {
        let position = lists.firstIndex { $0.column >= column } ?? lists.count
        if position == lists.count || lists[position].column != column {
            lists.insert((column, CountedEntities()), at: position)
        }
        let shown = cells.listed.firstIndex { $0.column >= column } ?? cells.listed.count
        // The list then has one owner, and is changed in place.
        if shown < cells.listed.count, cells.listed[shown].column == column { cells.listed.remove(at: shown) }
        let changed = body(&lists[position].entities)
        let entities = lists[position].entities.entities
        if entities.isEmpty { lists.remove(at: position) }
        guard !cells.columns.contains(column) else { return [] }
        if !entities.isEmpty { cells.listed.insert(Cells.Listed(column: column, entities: entities), at: shown) }
        return changed
    }
}

/// Entities that several lists have, each once, with the number of lists that have it.
private struct CountedEntities {
    /// Ascending.
    private(set) var entities: [Entity] = []
    private var counts: [Int32] = []

    /// - Parameter other: Ascending.
    /// - Returns: Those that were not there before.
    /// - Complexity: O(n + m).
    mutating func add(_ other: [Entity]) -> [Entity] {
        guard !other.isEmpty else { return [] }
        guard !entities.isEmpty else {
            entities = other
            counts = Array(repeating: 1, count: other.count)
            return other
        }
        var new: [Entity] = []
        var (merged, mergedCounts): ([Entity], [Int32]) = ([], [])
        merged.reserveCapacity(entities.count + other.count)
        mergedCounts.reserveCapacity(entities.count + other.count)
        var position = 0
        for entity in other {
            while position < entities.count, entities[position] < entity {
                merged.append(entities[position])
                mergedCounts.append(counts[position])
                position += 1
            }
            merged.append(entity)
            if position < entities.count, entities[position] == entity {
                mergedCounts.append(counts[position] + 1)
                position += 1
            } else {
                mergedCounts.append(1)
                new.append(entity)
            }
        }
        merged += entities[position...]
        mergedCounts += counts[position...]
        (entities, counts) = (merged, mergedCounts)
        return new
    }

    /// - Parameter other: Ascending; all of them were added.
    /// - Returns: Those that no list has any more.
    /// - Complexity: O(n + m).
    mutating func remove(_ other: [Entity]) -> [Entity] {
        guard !other.isEmpty else { return [] }
        var gone: [Entity] = []
        var (position, kept) = (0, 0)
        for index in entities.indices {
            var count = counts[index]
            if position < other.count, other[position] == entities[index] {
                count -= 1
                position += 1
            }
            if count > 0 {
                entities[kept] = entities[index]
                counts[kept] = count
                kept += 1
            } else {
                gone.append(entities[index])
            }
        }
        precondition(position == other.count, "an entity was removed that was not added")
        entities.removeLast(entities.count - kept)
        counts.removeLast(counts.count - kept)
        return gone
    }
}
