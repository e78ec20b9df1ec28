import OrreryClient
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire

/// What goes wrong in a client's memory, and how its hashes are asked for.
extension RandomScript {
    func verify(_ participant: Participant) {
        guard let id = participant.subscriptions.randomElement(using: &generator) else { return }
        note("client \(participant.number) verifies \(id)")
        participant.hashes.verify(id, of: participant.client)
    }

    func damage(_ participant: Participant) {
        let (kind, choice) = (number(0...3), generator.next() >> 1)
        let client = participant.client
        let done = client.session.withCore { core in
            // What it shows must be of this life, and shown by somebody.
            core.isWelcomed && !core.isShowingVoidState && !core.startedSubscriptions.isEmpty
                ? Self.damage(core, kind: kind, Int(choice)) : nil
        }
        guard let done else { return }
        note("client \(participant.number) \(done)")
        participant.watch.isDamaged = true
        participant.hashes.begin(client)
    }

    /// - Returns: What was done, if there was something to do it to.
    private static func damage(_ core: SyncClient, kind: Int, _ choice: Int) -> String? {
        // What the ledger holds its mutations against stays as it is. A value that is missing would be an error of the
        // protocol when it changes; tags do not.
        let entries = core.store.table.entries.filter { !["Tally", "Log"].contains($0.name) }
        guard !entries.isEmpty else { return nil }
        let entry = entries[choice % entries.count]
        switch kind {
        case 0: return flip(entry, in: core, choice / 7)
        case 1: return haunt(entry, in: core, choice / 7)
        case 2: return haunt(row: UInt32(choice / 7 % 90), entry, in: core)
        default:
            let column = core.store[entry.column]
            guard entry.valueSize == 0, let row = column.rows.indexes.first else { return nil }
            column.remove(row, at: core.store.tick)
            return "loses \(entry.name) of row \(row)"
        }
    }

    private static func flip(_ entry: ComponentTable.Entry, in core: SyncClient, _ choice: Int) -> String? {
        let column = core.store[entry.column]
        let rows = column.rows.indexes
        guard !rows.isEmpty, var value = column.value(of: rows[choice % rows.count]), !value.isEmpty else { return nil }
        value[choice / 7 % value.count] ^= 1 << UInt8(choice % 8)
        column.set(rows[choice % rows.count], to: value, at: core.store.tick)
        return "has another bit in \(entry.name) of row \(rows[choice % rows.count])"
    }

    /// A component that its entity does not have, and that some query shows.
    private static func haunt(_ entry: ComponentTable.Entry, in core: SyncClient, _ choice: Int) -> String? {
        let column = core.store[entry.column]
        let entities = core.store.entities.rows.subtracting(column.rows).indexes.compactMap(core.store.entity)
        guard entry.rowKind == .entities, !entities.isEmpty else { return nil }
        let entity = entities[choice % entities.count]
        let isShown = core.startedSubscriptions.contains { id in
            guard let query = core.granted(id), query.brings(entry) else { return false }
            return !query.tellsMembers || core.members(of: id).contains(entity)
        }
        guard isShown else { return nil }
        column.set(entity.index, to: Array(repeating: 0, count: entry.valueSize ?? 3), at: core.store.tick)
        return "sees \(entry.name) of \(entity)"
    }

    /// An entity that is not there, with a component that some query shows of all.
    private static func haunt(row: UInt32, _ entry: ComponentTable.Entry, in core: SyncClient) -> String? {
        let isShown = core.startedSubscriptions.contains { id in
            core.granted(id).map { $0.brings(entry) && !$0.tellsMembers } ?? false
        }
        guard isShown, entry.rowKind == .entities, core.store.entity(at: row) == nil else { return nil }
        let entity = Entity(index: row, generation: 77_777)
        core.store.spawn(entity)
        core.store[entry.column].set(row, to: Array(repeating: 1, count: entry.valueSize ?? 3), at: core.store.tick)
        return "sees \(entity) with \(entry.name)"
    }
}
