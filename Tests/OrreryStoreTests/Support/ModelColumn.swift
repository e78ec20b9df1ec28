import OrrerySchema
import OrreryStore

/// The history of a column as a list of states, one per tick: slow, and plainly right.
struct ModelColumn {
    /// By tick; tick 0 is empty.
    private(set) var states: [[UInt32: [UInt8]]] = [[:]]
    /// The rows that were gone at some moment of each tick, and those that were there.
    private var absentAtSomeMoment: [Set<UInt32>] = [[]]
    private var touched: [Set<UInt32>] = [[]]

    var tick: Tick { Tick(UInt64(states.count - 1)) }
    var now: [UInt32: [UInt8]] { states[states.count - 1] }

    mutating func beginTick() {
        states.append(now)
        absentAtSomeMoment.append([])
        touched.append([])
    }

    mutating func set(_ row: UInt32, to value: [UInt8]) {
        if now[row] == nil { absentAtSomeMoment[states.count - 1].insert(row) }
        if now[row] != value { touched[states.count - 1].insert(row) }
        states[states.count - 1][row] = value
    }

    mutating func remove(_ row: UInt32) {
        guard now[row] != nil else { return }
        touched[states.count - 1].insert(row)
        absentAtSomeMoment[states.count - 1].insert(row)
        states[states.count - 1][row] = nil
    }

    /// What a client that knows the state at `cursor` has to be told, by the words of ``RowChanges``.
    func changes(after cursor: Tick) -> RowChanges {
        let ticks = Int(cursor.rawValue) + 1..<states.count
        var changes = RowChanges()
        let rows = ticks.reduce(into: Set<UInt32>()) { $0.formUnion(touched[$1]) }
        let absent = ticks.reduce(into: Set<UInt32>()) { $0.formUnion(absentAtSomeMoment[$1]) }
        changes.left = RowSet(rows.filter { now[$0] == nil })
        changes.entered = RowSet(rows.filter { now[$0] != nil && absent.contains($0) })
        changes.updated = RowSet(rows.filter { now[$0] != nil && !absent.contains($0) })
        return changes
    }
}
