import OrrerySchema
import OrreryStore

/// A view of a class that does not see everything has a store of its own, which follows that of the world: so nothing
/// that is computed from it can tell of what is hidden.
extension WorldView {
    /// The components of a world that a class sees.
    static func table(_ table: ComponentTable, for visibility: Visibility) -> ComponentTable {
        ComponentTable(table.entries.filter(visibility.sees))
    }

    /// Whether the entity of this row is seen, if there is one.
    private func sees(_ row: UInt32, in world: ComponentStore) -> Bool {
        guard !restricted.contains(row) || shown.contains(row) else { return false }
        guard let seen = visibility?.groups, let value = world.groups.fixedValue(of: row) else { return true }
        return UInt64(littleEndian: value.loadUnaligned(as: UInt64.self)) & seen.rawValue != 0
    }

    /// Takes over what changed in the world.
    /// - Parameters:
    ///   - rows: What rules say at the world's tick.
    ///   - tick: The tick of the world that the view has.
    /// - Complexity: O(what changed); also O(rows of components that name entities), if somebody came into sight or
    ///   vanished.
    mutating func follow(_ world: ComponentStore, _ rows: PersonalRows, after tick: Tick) {
        store.advance(to: world.tick)
        let moved = followEntities(of: world, rows, after: tick)
        let entities = store.entities.rows
        for column in store.table.columns {
            let (source, target, mask) = (world[column], store[column], masks[column])
            let isOutsideWorld = source.rowKind != .entities
            func seen(_ rows: RowSet) -> RowSet { isOutsideWorld ? rows : rows.intersection(entities) }
            let changes = source.changes(after: tick)
            seen(changes.left).forEach { target.remove($0, at: store.tick) }
            // Who lost the component and has it again has not kept it.
            seen(changes.entered).forEach { target.remove($0, at: store.tick) }
            var rows = changes.entered.union(changes.updated)
            if !isOutsideWorld { rows = rows.union(moved) }
            if mask != nil, !moved.isEmpty { rows = source.rows }
            rows = seen(rows).intersection(source.rows)
            if let mask {
                rows.forEach { row in
                    let value = source.withValue(of: row) { mask.masked($0, sees: store.contains) }
                    if let value { target.set(row, to: value, at: store.tick) }
                }
            } else if source.valueSize != nil {
                rows.forEachRun { first, count in
                    source.withValues(from: first, count: count) {
                        _ = target.set(from: first, count: count, to: $0, at: store.tick)
                    }
                }
            } else {
                rows.forEach { row in _ = source.withValue(of: row) { target.set(row, to: $0, at: store.tick) } }
            }
        }
    }

    /// Takes over what the server has begun to show of itself between two ticks.
    /// - Precondition: No client knows of a row of the component.
    mutating func takeStatus(_ column: ColumnID, of world: ComponentStore) {
        guard !isVacant, store.table[column] != nil else { return }
        if store !== world {
            world[column].rows.forEach { row in
                world[column].withValue(of: row) { _ = store[column].set(row, to: $0, at: store.tick) }
            }
        }
        queries.determineMembers(readFrom: column, in: store)
    }

    /// - Returns: The rows of those who came into sight or vanished.
    private mutating func followEntities(
        of world: ComponentStore, _ rows: PersonalRows, after tick: Tick
    ) -> RowSet {
        var touched = world.entities.changedRows(after: tick).union(world.groups.changedRows(after: tick))
        Self.replace(&restricted, by: rows.restricted, noting: &touched)
        Self.replace(&shown, by: client.flatMap { rows.shown[$0] } ?? RowSet(), noting: &touched)
        var moved = RowSet()
        touched.forEach { row in
            let entity = sees(row, in: world) ? world.entity(at: row) : nil
            let known = store.entity(at: row)
            guard entity != known else { return }
            if let known { store.despawn(known) }
            if let entity { store.spawn(entity) }
            moved.append(row)
        }
        return moved
    }

    private static func replace(_ old: inout RowSet, by new: RowSet, noting touched: inout RowSet) {
        guard old != new else { return }
        touched.formUnion(old.subtracting(new).union(new.subtracting(old)))
        old = new
    }
}
