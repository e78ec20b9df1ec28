import OrrerySchema
import OrreryStore
import OrreryWire

/// What happened to the members of queries, in the sections in which it is told.
struct MemberSections {
    /// Who left, and lives on.
    var left: BatchSections
    var joined: BatchSections
    var removed: BatchSections
    var values: BatchSections
    /// The rows of those who left by dying, in any order.
    var gone: [UInt32] = []
    /// The rows of entities that joined, in any order.
    var entered: [UInt32] = []
    /// Both in sections, if they are written: for a query that several sessions have.
    var life: LifeSections?

    init(partSizeMax: Int) {
        left = BatchSections(partSizeMax: partSizeMax)
        (joined, removed, values) = (left, left, left)
    }

    mutating func append(contentsOf other: MemberSections) {
        // What is not handed over is not retained.
        if !other.left.isEmpty { left.append(contentsOf: other.left) }
        if !other.joined.isEmpty { joined.append(contentsOf: other.joined) }
        if !other.removed.isEmpty { removed.append(contentsOf: other.removed) }
        if !other.values.isEmpty { values.append(contentsOf: other.values) }
        if !other.hasNoLife { life = hasNoLife ? other.life : nil }
        if !other.gone.isEmpty { gone += other.gone }
        if !other.entered.isEmpty { entered += other.entered }
    }

    /// Whether nobody joined, or left by dying.
    var hasNoLife: Bool { gone.isEmpty && entered.isEmpty }

    var byteCount: Int { left.byteCount + joined.byteCount + removed.byteCount + values.byteCount }

    /// Removes everything and keeps the memory.
    mutating func removeAll() {
        left.removeAll()
        joined.removeAll()
        removed.removeAll()
        values.removeAll()
        gone.removeAll(keepingCapacity: true)
        entered.removeAll(keepingCapacity: true)
        life = nil
    }
}

/// Sections that several sessions are sent. A class: they are a dozen lists, each of which would be retained for each
/// session.
final class SharedMemberSections {
    let sections: MemberSections

    init(_ sections: consuming MemberSections) {
        self.sections = sections
    }
}

/// Writes what happened to the members of one query after another. Its lists are kept, so that the next query finds
/// their memory.
struct MemberWriter {
    private let store: ComponentStore
    /// Units of work done since it was last set.
    var work = 0
    private var left: [UInt32] = []
    private var joined: [UInt32] = []
    /// Among the rows that are looked at.
    private var stayed: [Entity] = []
    private var changes = RowChanges()
    private let memory = RowUpdates.Memory()
    /// Cells that are looked up separately, in one unit of work.
    private static let cellsPerUnit = 4
    /// What those who joined have of the component that is written.
    private var inserted: [UInt32] = []

    init(store: ComponentStore) {
        self.store = store
    }

    /// Writes what happened to the members of a query after the cursor of pending changes.
    /// - Parameters:
    ///   - rows: Where something has changed of which the members depend, and what became of them; `nil` if that is not
    ///     known.
    ///   - pages: The pages of 1024 rows to look at; `nil` for all.
    mutating func write(
        _ entry: QueryTable.Entry, _ membership: Membership, among rows: ArraySlice<ConcernedRow>?,
        _ pending: PendingChanges, in queries: QueryTable, pages: Range<Int>?, to sections: inout MemberSections
    ) {
        let cursor = pending.cursor
        let lifeCount = sections.gone.count + sections.entered.count
        left.removeAll(keepingCapacity: true)
        joined.removeAll(keepingCapacity: true)
        stayed.removeAll(keepingCapacity: true)
        // All of them have stayed, most often.
        // Of a query with a region, only who came and went is noted.
        let notesOthers = rows != nil && entry.region == nil
        let allStayed = !notesOthers && membership.newestJoin <= cursor
        if let rows {
            take(rows, &sections)
            if !notesOthers, !allStayed {
                membership.forEachMember { entity, joinTick in if joinTick <= cursor { stayed.append(entity) } }
            }
        } else {
            collect(membership, after: cursor, pages: pages, allStayed: allStayed, &sections)
        }
        sections.left.append(left: left, of: entry.number)
        if sections.gone.count + sections.entered.count > lifeCount { sections.life = nil }
        sections.joined.append(joined: joined, of: entry.number)
        if let ranking = entry.ranking, ranking.extentTick > cursor, pages?.lowerBound ?? 0 == 0 {
            sections.joined.append(ranking.extent, of: entry.number)
        }
        if let region = entry.region, region.isNews(after: cursor), pages?.lowerBound ?? 0 == 0 {
            sections.joined.append(centreIsLost: region.isLost, of: entry.number)
        }
        for column in entry.sentColumns {
            // A component that does not decide about members changes in other rows, too.
            let isInRows = rows == nil || !entry.definition.readColumns.contains(column)
            if !changes.isEmpty { changes.removeAll() }
            var updates: RowUpdates?
            if store[column].newestTick > cursor {
                let stayed = allStayed || !isInRows ? membership.members(at: cursor) : stayed
                work += stayed.count / Self.cellsPerUnit
                // Whom the evaluation found lives.
                let areAlive = rows != nil && isInRows
                updates = store.updates(
                    of: stayed, in: column, after: cursor, pages: pages, areAlive: areAlive, in: memory, to: &changes)
                if updates == nil {
                    changes.removeAll()
                    store.addChanges(
                        of: stayed, in: column, after: cursor, pages: pages, areAlive: areAlive, to: &changes)
                }
            }
            if !joined.isEmpty { addJoined(of: column, pending, in: queries) }
            sections.removed.append(removed: changes.left, from: column)
            if changes.entered.isEmpty {
                sections.values.append(inserted: inserted, of: column, in: store)
            } else {
                changes.entered.formUnion(RowSet(inserted))
                sections.values.append(changes.entered, inserted: true, of: column, in: store)
            }
            inserted.removeAll(keepingCapacity: true)
            if let updates, !sections.values.append(updates, of: column, in: store) {
                changes.updated = updates.rows
            }
            sections.values.append(changes.updated, inserted: false, of: column, in: store)
        }
    }

    /// Takes what the evaluation of a tick found.
    private mutating func take(_ rows: ArraySlice<ConcernedRow>, _ sections: inout MemberSections) {
        for row in rows {
            if row.outcome == .stayed {
                // A row that is known to be alive needs no generation.
                stayed.append(Entity(index: row.row, generation: 0))
                continue
            }
            if row.outcome.contains(.left) { left.append(row.row) }
            if row.outcome.contains(.died) { sections.gone.append(row.row) }
            if row.outcome.contains(.joined) {
                joined.append(row.row)
                sections.entered.append(row.row)
            }
        }
    }

    /// Compares the members with those of an earlier tick.
    private mutating func collect(
        _ membership: Membership, after cursor: Tick, pages: Range<Int>?, allStayed: Bool,
        _ sections: inout MemberSections
    ) {
        if cursor > .zero {
            let allLive = membership.isOutsideWorld || store.entities.newestTick <= cursor
            membership.forEachLeaving(after: cursor) { entity in
                guard entity.isIn(pages) else { return }
                if allLive || store.contains(entity) {
                    left.append(entity.index)
                } else {
                    sections.gone.append(entity.index)
                }
            }
        }
        guard !allStayed else { return }
        membership.forEachMember { entity, joinTick in
            if joinTick <= cursor {
                stayed.append(entity)
            } else if entity.isIn(pages) {
                joined.append(entity.index)
                if !membership.isOutsideWorld { sections.entered.append(entity.index) }
            }
        }
    }

    /// Adds what those who joined have of a component, less what other changes of the same batch bring.
    private mutating func addJoined(
        of column: ColumnID, _ pending: PendingChanges, in queries: QueryTable
    ) {
        let heldSince = pending.heldSince
        work += BatchBuilder.work(ofRows: joined.count)
        let others = pending.otherwise.queries.map { queries[$0] }.filter { $0.sentColumns.contains(column) }
        let isOfAll = pending.otherwise.cells.columns.contains(column)
        let source = store[column]
        var removed: [UInt32] = []
        for row in joined {
            if source.contains(row) {
                if !isOfAll, !others.contains(where: { $0.hasMember(at: row, in: store) }) { inserted.append(row) }
            } else if source.tick(of: row) > heldSince, heldSince > .zero {
                // The client may hold it for another query, which does not tell of the entity any more.
                removed.append(row)
            }
        }
        if !removed.isEmpty { changes.left.formUnion(RowSet(removed)) }
    }
}

extension Entity {
    /// Whether its row is in these pages; `nil` for all.
    fileprivate func isIn(_ pages: Range<Int>?) -> Bool {
        pages.map { $0.contains(Int(index) / RowSet.pageRows) } ?? true
    }
}
