import OrrerySchema
import OrreryStore
import OrreryWire

/// Entities that are gone from the world, and those that become visible to a client.
struct LifeChanges {
    var gone = RowSet()
    private var entered = RowSet()
    /// Those that came to life after the cursor.
    private var spawned = RowSet()

    var isEmpty: Bool { gone.isEmpty && entered.isEmpty && spawned.isEmpty }

    /// - Parameter rows: Of entities that live.
    mutating func enter(_ rows: RowSet, after cursor: Tick, in store: ComponentStore) {
        guard !rows.isEmpty else { return }
        let born = store.bornRows(of: rows, after: cursor)
        spawned.formUnion(born)
        entered.formUnion(born.isEmpty ? rows : rows.subtracting(born))
    }

    func appendGone(to sections: inout BatchSections) { sections.append(despawned: gone) }

    func appendEntered(to sections: inout BatchSections, of store: ComponentStore) {
        sections.append(entered: entered, spawned: false, of: store)
        sections.append(entered: spawned, spawned: true, of: store)
    }
}

/// The same, written once for all sessions that have a query.
final class LifeSections {
    let gone: BatchSections
    let entered: BatchSections

    init(of members: MemberSections, after cursor: Tick, in store: ComponentStore, partSizeMax: Int) {
        var gone = BatchSections(partSizeMax: partSizeMax)
        var entered = gone
        var life = LifeChanges()
        life.gone = RowSet(members.gone)
        life.enter(RowSet(members.entered), after: cursor, in: store)
        life.appendGone(to: &gone)
        life.appendEntered(to: &entered, of: store)
        (self.gone, self.entered) = (gone, entered)
    }
}

extension ComponentStore {
    /// The rows whose entities came to life after the cursor, for a cursor at which the client saw the world without
    /// them.
    fileprivate func bornRows(of rows: RowSet, after cursor: Tick) -> RowSet {
        var born = RowSet()
        guard cursor > .zero, entities.newestTick > cursor else { return born }
        rows.forEach { row in
            if entities.membershipTick(of: row) > cursor { born.append(row) }
        }
        return born
    }
}
