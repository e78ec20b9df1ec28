import OrrerySchema
import OrreryStore

extension RowChanges {
    /// Adds what happened to one row after a tick, by the ticks of that row alone.
    mutating func add(_ row: UInt32, of column: Column, after cursor: Tick) {
        guard column.tick(of: row) > cursor else { return }
        if !column.contains(row) {
            left.append(row)
        } else if column.membershipTick(of: row) > cursor {
            entered.append(row)
        } else {
            updated.append(row)
        }
    }
}
