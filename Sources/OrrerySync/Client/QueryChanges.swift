import OrreryQuery
package import OrrerySchema
import OrreryStore
import OrreryWire

/// The changes of one query in one step: who left and joined, and every change of what the query shows.
///
/// A mirror that follows them has what the query shows, whatever else the client is subscribed to. The one member of a
/// query of a resource is `Entity.none`.
package struct QueryChanges: Sendable {
    /// Entities that were members and left the query or the world, ascending. One of them that is among ``joined`` too
    /// left first.
    package fileprivate(set) var left: [Entity] = []
    /// Entities that became members, ascending.
    package fileprivate(set) var joined: [Entity] = []
    /// The end of everything shown in an earlier life of the world.
    var ended = ChangeList()
    var list = ChangeList()

    /// The changes, in order.
    package var changes: [Change] { Array(ended) + Array(list) }

    /// Calls `body` with the changes of one component, in order.
    package func forEachChange(of component: String, _ body: (Change) -> Void) {
        ended.forEach(of: component, body)
        list.forEach(of: component, body)
    }

    var byteCount: Int {
        ended.byteCount + list.byteCount + (left.count + joined.count) * MemoryLayout<Entity>.stride
    }

    /// These changes, for a reader that has seen nothing of the life that `unread` began and these end.
    mutating func begin(after unread: QueryChanges) {
        ended = unread.ended
        left = unread.left
    }

    /// Both steps as one: nobody who came and went in between is told of, and no change of values is lost.
    func merged(with next: QueryChanges) -> QueryChanges {
        var result = self
        let passing = Set(joined).intersection(next.left)
        result.joined = Set(joined).subtracting(passing).union(next.joined).sorted()
        // Who joined in the first step was no member before, unless it had left in it too.
        result.left = Set(left).union(Set(next.left).subtracting(passing)).sorted()
        result.list = list.merged(with: next.list)
        return result
    }
}

extension BatchApplier {
    /// Lists the changes of each observed query, before what is no longer shown leaves the store.
    func listChangesOfQueries(in batch: inout AppliedBatch) {
        guard recordsChanges, !observed.isEmpty else { return }
        let told = ToldChanges(batch.list, batch.despawned)
        for (reader, id) in observed where started.contains(id) {
            guard let query = granted[id], let shown = shown[query.number] else { continue }
            batch.queries[reader, default: QueryChanges()].add(
                beginning.contains(id) ? shownChanges(of: id, told) : changes(of: shown, batch.list, told))
        }
    }

    /// What a subscription shows now, as changes by which everything enters.
    func shownChanges(of id: SubscriptionID) -> QueryChanges { shownChanges(of: id, nil) }

    private func shownChanges(of id: SubscriptionID, _ told: ToldChanges?) -> QueryChanges {
        var result = QueryChanges()
        guard started.contains(id), let query = granted[id], let shown = shown[query.number] else { return result }
        let rows = members(of: query, shown)
        rows.forEach { row in
            guard let entity = member(of: query, at: row) else { return }
            result.joined.append(entity)
            enter(entity, of: query, told, &result.list)
        }
        return result
    }

    /// The end of everything that the observed queries show, in the life that is over.
    func endOfQueries() -> [Int: QueryChanges] {
        var result: [Int: QueryChanges] = [:]
        for (reader, id) in observed where started.contains(id) {
            guard let query = granted[id], let shown = shown[query.number] else { continue }
            var changes = QueryChanges()
            members(of: query, shown).forEach { row in
                guard let entity = member(of: query, at: row) else { return }
                changes.left.append(entity)
                for entry in store.table.entries where query.shows(entry) {
                    store[entry.column].withValue(of: row) { changes.ended.append(.reset, entity, entry, old: $0) }
                }
                if !query.isOutsideWorld { changes.ended.append(.reset, entity) }
            }
            result[reader] = changes
        }
        return result
    }

    /// The changes for a reader of one subscription that reads another one from now on.
    func changes(from old: SubscriptionID, to new: SubscriptionID) -> QueryChanges {
        // One that has not started shows nothing.
        guard started.contains(old), let before = granted[old], let shownBefore = shown[before.number] else {
            return shownChanges(of: new)
        }
        let told = ToldChanges(ChangeList(), [])
        var result = QueryChanges()
        guard started.contains(new), let after = granted[new], let shownAfter = shown[after.number] else {
            return result
        }
        let (left, joined) = (members(of: before, shownBefore), members(of: after, shownAfter))
        let stayed = before.rowKind == after.rowKind ? left.intersection(joined) : RowSet()
        stayed.forEach { row in
            guard let entity = member(of: after, at: row) else { return }
            for entry in store.table.entries where before.shows(entry) != after.shows(entry) {
                store[entry.column].withValue(of: row) { value in
                    if after.shows(entry) {
                        result.list.append(.entered, entity, entry, new: value)
                    } else {
                        result.list.append(.left, entity, entry, old: value)
                    }
                }
            }
        }
        for entity in left.subtracting(stayed).indexes.compactMap({ member(of: before, at: $0) }) {
            result.left.append(entity)
            leave(entity, of: before, told, &result.list)
        }
        for entity in joined.subtracting(stayed).indexes.compactMap({ member(of: after, at: $0) }) {
            result.joined.append(entity)
            enter(entity, of: after, told, &result.list)
        }
        return result
    }

    /// The rows of the members of a started query.
    func members(of query: GrantedQuery, _ shown: ShownQueries.Query) -> RowSet {
        guard !query.tellsMembers else { return shown.members }
        guard query.shown != .all else { return store.entities.rows }
        return store.table.entries.filter(query.shows).reduce(RowSet()) { $0.union(store[$1.column].rows) }
    }

    /// The entity at the row of a member; of a resource, no entity.
    func member(of query: GrantedQuery, at row: UInt32) -> Entity? {
        switch query.rowKind {
        case .entities: store.entity(at: row)
        case .resource: Entity.none
        case .status: Entity(statusRow: row)
        }
    }

    /// Whether an entity is at one of these rows of members; no entity, if the query is of a resource.
    private func isMember(_ entity: Entity, of query: GrantedQuery, _ members: RowSet) -> Bool {
        switch query.rowKind {
        case .entities: store.contains(entity) && members.contains(entity.index)
        case .resource: entity == .none && members.contains(Entity.resource.index)
        case .status: entity.statusRow.map(members.contains) ?? false
        }
    }

    private func changes(of query: ShownQueries.Query, _ list: ChangeList, _ told: ToldChanges) -> QueryChanges {
        var result = QueryChanges()
        (result.left, result.joined) =
            query.granted.tellsMembers ? movement(of: query, told) : movement(ofPlain: query.granted, told)
        let moved = Set(result.left + result.joined)
        let members = members(of: query.granted, query)
        for change in list where !moved.contains(change.entity) {
            // Not of somebody who came and went.
            guard isMember(change.entity, of: query.granted, members), let name = change.component,
                let entry = store.table[name] ?? told.entries[name], query.granted.shows(entry)
            else { continue }
            result.list.append(change, entry)
        }
        for entity in result.left { leave(entity, of: query.granted, told, &result.list) }
        for entity in result.joined { enter(entity, of: query.granted, told, &result.list) }
        return result
    }

    /// Who left and joined a query whose members the server tells.
    private func movement(of query: ShownQueries.Query, _ told: ToldChanges) -> (left: [Entity], joined: [Entity]) {
        let left = query.membersBefore.subtracting(query.members).union(query.rejoined)
        let joined = query.members.subtracting(query.membersBefore.subtracting(query.rejoined))
        let isOutsideWorld = query.granted.isOutsideWorld
        return (
            left.indexes.compactMap {
                (isOutsideWorld ? nil : told.gone(from: $0)) ?? member(of: query.granted, at: $0)
            },
            joined.indexes.compactMap { member(of: query.granted, at: $0) }
        )
    }

    /// Who left and joined a query that shows whole components.
    private func movement(ofPlain query: GrantedQuery, _ told: ToldChanges) -> (left: [Entity], joined: [Entity]) {
        var (left, joined): ([Entity], [Entity]) = ([], [])
        let columns = store.table.entries.filter(query.shows).map(\.column)
        for entity in told.entities {
            func has(_ column: ColumnID) -> Bool {
                store.row(of: entity, in: store[column]).map(store[column].contains) ?? false
            }
            let isMember = query.shown == .all ? store.contains(entity) : columns.contains(where: has)
            let wasMember =
                query.shown == .all
                ? told.life[entity].map { !$0.isShown } ?? isMember
                : told.entries.values.contains { entry in
                    guard query.shows(entry) else { return false }
                    return told.first(of: entity, entry.name).map { $0.old != nil } ?? false
                }
                    || columns.contains { has($0) && told.first(of: entity, store.table.name(of: $0)) == nil }
            if wasMember, !isMember { left.append(entity) }
            if isMember, !wasMember { joined.append(entity) }
        }
        return (left, joined)
    }

    /// Lists an entity with all that the query shows of it, as having come into view unless something else is told.
    private func enter(_ entity: Entity, of query: GrantedQuery, _ told: ToldChanges?, _ list: inout ChangeList) {
        func cause(_ known: Change.Cause?) -> Change.Cause { known.flatMap { $0.isShown ? $0 : nil } ?? .entered }
        if !query.isOutsideWorld { list.append(cause(told?.life[entity]), entity) }
        for entry in store.table.entries where query.shows(entry) {
            store.withValue(of: entity, in: entry.column) {
                let change = told?.first(of: entity, entry.name)
                list.append(cause(change?.old == nil ? change?.cause : nil), entity, entry, new: $0)
            }
        }
    }

    /// Lists the end of all that the query showed of an entity, as going out of view unless something else is told.
    private func leave(_ entity: Entity, of query: GrantedQuery, _ told: ToldChanges, _ list: inout ChangeList) {
        let end: Change.Cause = told.despawned[entity.index] == entity ? .despawned : .left
        let table = store.table
        let gone = told.entries.values.filter { table[$0.column] == nil }
        for entry in (table.entries + gone).sorted(by: { $0.column < $1.column }) where query.shows(entry) {
            if let change = told.first(of: entity, entry.name) {
                guard let old = change.old else { continue }
                let cause = change.cause.isShown ? end : change.cause
                old.withUnsafeBytes { list.append(cause, entity, entry, old: $0) }
            } else if table[entry.column] != nil {
                store.withValue(of: entity, in: entry.column) { list.append(end, entity, entry, old: $0) }
            }
        }
        if !query.isOutsideWorld { list.append(end, entity) }
    }
}

extension QueryChanges {
    /// Adds the changes of the life that began in the same step.
    fileprivate mutating func add(_ other: QueryChanges) {
        left = Set(left).union(other.left).sorted()
        joined = other.joined
        list = other.list
    }
}

extension ChangeList {
    fileprivate mutating func append(_ change: Change, _ entry: ComponentTable.Entry) {
        (change.old ?? []).withUnsafeBytes { old in
            (change.new ?? []).withUnsafeBytes { new in
                append(
                    change.cause, change.entity, entry, old: change.old == nil ? nil : old,
                    new: change.new == nil ? nil : new)
            }
        }
    }
}

/// What the changes of a batch tell about each cell and entity.
private struct ToldChanges {
    private struct Cell: Hashable {
        var entity: Entity
        var component: String
    }

    private var first: [Cell: Change] = [:]
    /// How each entity itself changed first.
    private(set) var life: [Entity: Change.Cause] = [:]
    /// By row: the entity that was there before, and is gone from the world.
    private(set) var despawned: [UInt32: Entity] = [:]
    /// By row: the entity that was there before, and of which nothing is kept any more.
    private var left: [UInt32: Entity] = [:]
    /// The components that the changes concern, also those that the batch has taken out of the table.
    private(set) var entries: [String: ComponentTable.Entry] = [:]
    /// The entities that the changes concern, ascending.
    let entities: [Entity]

    init(_ list: ChangeList, _ despawnedEntities: [Entity]) {
        var entities: Set<Entity> = []
        for change in list {
            entities.insert(change.entity)
            guard let component = change.component else {
                if life[change.entity] == nil { life[change.entity] = change.cause }
                continue
            }
            let cell = Cell(entity: change.entity, component: component)
            if first[cell] == nil { first[cell] = change }
        }
        for entry in list.components { entries[entry.name] = entry }
        for entity in despawnedEntities where despawned[entity.index] == nil { despawned[entity.index] = entity }
        for (entity, cause) in life where cause == .left { left[entity.index] = entity }
        self.entities = entities.sorted()
    }

    /// The entity that was at a row before, if it is gone.
    func gone(from row: UInt32) -> Entity? { despawned[row] ?? left[row] }

    /// The first change of a component of an entity.
    func first(of entity: Entity, _ component: String) -> Change? {
        first[Cell(entity: entity, component: component)]
    }
}
