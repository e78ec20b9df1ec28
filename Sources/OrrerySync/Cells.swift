import OrrerySchema
import OrreryStore

/// Whole components: what plain queries show, one or several together.
struct Cells: Hashable, Sendable {
    /// Whether the existence of every entity is shown, with or without components.
    var everyEntity = false
    /// Ascending.
    var columns: [ColumnID] = []

    var isEmpty: Bool { !everyEntity && columns.isEmpty }

    /// What this shows and `other` does not.
    func subtracting(_ other: Cells) -> Cells {
        Cells(
            everyEntity: everyEntity && !other.everyEntity, columns: columns.filter { !other.columns.contains($0) })
    }
}

/// What several plain queries show together, counted, so that one of them comes or goes at the cost of what it shows.
struct CellCounts {
    private(set) var cells = Cells()
    private var everyEntityCount = 0
    /// How many queries show each of ``Cells/columns``.
    private var columnCounts: [Int] = []

    init() {}

    init(_ queries: some Sequence<Cells>) {
        for query in queries { add(query) }
    }

    mutating func add(_ query: Cells) {
        if query.everyEntity { everyEntityCount += 1 }
        for column in query.columns {
            let position = cells.columns.partitionIndex { $0 >= column }
            if position < cells.columns.count, cells.columns[position] == column {
                columnCounts[position] += 1
            } else {
                cells.columns.insert(column, at: position)
                columnCounts.insert(1, at: position)
            }
        }
        cells.everyEntity = everyEntityCount > 0
    }

    /// Removes a query that was added.
    mutating func remove(_ query: Cells) {
        if query.everyEntity { everyEntityCount -= 1 }
        for column in query.columns {
            guard let position = cells.columns.firstIndex(of: column) else {
                preconditionFailure("component \(column) was not added")
            }
            columnCounts[position] -= 1
            guard columnCounts[position] == 0 else { continue }
            cells.columns.remove(at: position)
            columnCounts.remove(at: position)
        }
        cells.everyEntity = everyEntityCount > 0
    }
}
