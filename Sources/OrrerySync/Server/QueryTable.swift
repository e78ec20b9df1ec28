import OrrerySchema
import OrreryStore
import OrreryWire

/// The queries of all sessions: each once, whoever asks for it.
///
/// A query is known by its canonical form, and counted by the subscriptions that have it. An index leads from a changed
/// component to the queries that read it, and a query leads to the sets of queries that have it.
struct QueryTable {
    struct Entry {
        let selection: Selection
        let cells: Cells
        /// The subscriptions that have it.
        fileprivate(set) var holderCount = 1
        /// The positions of the sets that have it.
        fileprivate(set) var sets: [Int] = []
    }

    /// The position of a query in the table. It is used again once nobody has the query.
    typealias Slot = Int

    private var entries: [Entry?] = []
    private var slots: [Selection: Slot] = [:]
    private var unused: [Slot] = []
    /// By component: the queries that show it.
    private var readers: [[Slot]] = []
    /// The queries that show the existence of entities.
    private var existenceReaders: [Slot] = []
    private let components: ComponentTable

    init(_ components: ComponentTable) {
        self.components = components
        readers = Array(repeating: [], count: (components.columns.last?.rawValue ?? -1) + 1)
    }

    /// How many queries there are.
    var count: Int { entries.count - unused.count }

    subscript(slot: Slot) -> Entry {
        guard let entry = entries[slot] else { preconditionFailure("there is no query in slot \(slot)") }
        return entry
    }

    /// Adds a subscription to the query for these cells.
    /// - Complexity: O(size of the selection) to find the query; O(cells) if it is new.
    mutating func hold(_ selection: Selection) -> Slot {
        if let slot = slots[selection] {
            entries[slot]?.holderCount += 1
            return slot
        }
        let entry = Entry(selection: selection, cells: Cells(of: selection, in: components))
        let slot = unused.popLast() ?? entries.count
        if slot == entries.count { entries.append(entry) } else { entries[slot] = entry }
        slots[selection] = slot
        for column in entry.cells.readColumns { readers[column.rawValue].append(slot) }
        if entry.cells.readsExistence { existenceReaders.append(slot) }
        return slot
    }

    /// A subscription to the query has ended. The last one takes the query with it.
    /// - Precondition: Then no set has it.
    mutating func release(_ slot: Slot) {
        let entry = self[slot]
        guard entry.holderCount == 1 else {
            entries[slot]?.holderCount -= 1
            return
        }
        precondition(entry.sets.isEmpty, "a set has a query that nobody asks for")
        slots[entry.selection] = nil
        for column in entry.cells.readColumns { readers[column.rawValue].removeUnordered(slot) }
        if entry.cells.readsExistence { existenceReaders.removeUnordered(slot) }
        entries[slot] = nil
        unused.append(slot)
    }

    mutating func enter(_ slot: Slot, into set: Int) { entries[slot]?.sets.append(set) }

    mutating func leave(_ slot: Slot, from set: Int) { entries[slot]?.sets.removeUnordered(set) }

    /// Calls a closure with each set that has a query whose cells may have changed after a tick, perhaps repeatedly.
    /// - Complexity: O(components), and O(queries that read what changed).
    func forEachSet(changedAfter tick: Tick, in store: ComponentStore, _ body: (_ set: Int) -> Void) {
        func visit(_ slots: [Slot]) {
            for slot in slots { entries[slot]?.sets.forEach(body) }
        }
        for entry in components.entries where store[entry.column].newestTick > tick {
            visit(readers[entry.column.rawValue])
        }
        if store.entities.newestTick > tick { visit(existenceReaders) }
    }

    /// Traps if counts or indexes do not agree with these subscriptions and sets.
    /// - Parameters:
    ///   - held: The queries of all subscriptions.
    ///   - sets: The queries of each set, by its position.
    func checkInvariants(held: [Slot], sets: [(position: Int, queries: [Slot])]) {
        var holders: [Slot: Int] = [:]
        for slot in held { holders[slot, default: 0] += 1 }
        assert(count == holders.count && slots.count == count, "a query lasts while somebody asks for it")
        var positions: [Slot: Set<Int>] = [:]
        for set in sets { for slot in set.queries { positions[slot, default: []].insert(set.position) } }
        for (slot, count) in holders {
            let entry = self[slot]
            assert(entry.holderCount == count, "the subscriptions to a query are counted")
            assert(slots[entry.selection] == slot, "a query is found by its form")
            assert(
                entry.sets.count == positions[slot]?.count ?? 0 && Set(entry.sets) == positions[slot] ?? [],
                "a query leads to the sets that have it")
            for column in components.columns {
                assert(
                    readers[column.rawValue].count { $0 == slot } == (entry.cells.readColumns.contains(column) ? 1 : 0),
                    "a component leads to the queries that read it")
            }
            assert(
                existenceReaders.count { $0 == slot } == (entry.cells.readsExistence ? 1 : 0),
                "births and deaths lead to the queries that show them")
        }
        assert(
            readers.allSatisfy { $0.allSatisfy { holders[$0] != nil } }
                && existenceReaders.allSatisfy { holders[$0] != nil }, "an index has no query that is gone")
    }
}

extension Cells {
    /// The components whose changes matter.
    fileprivate var readColumns: [ColumnID] { columns + listed.map(\.column) }

    /// Whether births and deaths matter, beyond the components that come and go with them.
    fileprivate var readsExistence: Bool { everyEntity || !entities.isEmpty }
}

extension [Int] {
    /// Removes an element that is there once.
    /// - Complexity: O(n), without moving the others.
    fileprivate mutating func removeUnordered(_ element: Int) {
        guard let position = firstIndex(of: element) else { preconditionFailure("\(element) is not there") }
        swapAt(position, count - 1)
        removeLast()
    }
}
