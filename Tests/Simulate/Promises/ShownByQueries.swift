import OrreryQuery
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire

/// What a client with these queries must show of a world, found by evaluating each of them anew on the whole world.
struct ShownByQueries {
    private var queries: [(query: Query, members: Set<Entity>)] = []
    private let store: ComponentStore
    /// Texts that are no queries of this world, which must then have been refused.
    private var wrong: [String] = []

    /// - Parameter core: A client with those queries. Who is in a region depends on what was: who is in it there, and
    ///   may be, counts as being in it.
    init(_ core: SyncClient, of store: ComponentStore) {
        self.store = store
        for (id, request) in zip(core.startedSubscriptions, core.startedQueries) {
            guard let query = try? Query(request.text, entities: request.entities, in: store.table) else {
                wrong.append(request.text)
                continue
            }
            queries.append((query, Set(query.memberEntities(of: store, told: core.members(of: id)))))
        }
    }

    /// What a client has of an entity: a component that is shown or that an order reads, or for `nil` the entity
    /// itself, even if no component is.
    private func has(_ entity: Entity, _ name: String?) -> Bool {
        queries.contains { query, members in
            guard members.contains(entity) else { return false }
            guard let name else {
                return query.rowKind == .entities && (!query.isPlain || query.selection.required.isEmpty)
            }
            return store.table[name].map { query.sentColumns.contains($0.column) } ?? false
        }
    }

    /// What a client shows that it must not, and the reverse.
    func differences(from core: SyncClient, contents: Contents, of server: Contents) -> [String] {
        var result = wrong.map { "it has a query that is none: \($0)" }
        if let difference = contents.difference(from: server.filtered(has)) {
            result.append("it shows (left) what the server did not (right): \(difference)")
        }
        for (id, request) in zip(core.startedSubscriptions, core.startedQueries) {
            guard let query = try? Query(request.text, entities: request.entities, in: store.table) else { continue }
            let order = query.memberEntities(of: store, told: core.members(of: id))
            let (told, expected) = (Set(core.members(of: id)), Set(order))
            if told == expected, core.members(of: id) != order {
                result.append("subscription \(id), '\(request.text)', has another order: \(core.members(of: id))")
            }
            let totals = query.window.flatMap { _ in query.totals(in: store) }
            if let totals, !totals.contains(core.extent(of: id)?.total ?? -1) {
                result.append(
                    "subscription \(id), '\(request.text)', says that \(core.extent(of: id)?.total ?? -1) match, and "
                        + "not \(totals)")
            }
            let isLost = query.region != nil && query.centre(in: store) == nil
            if core.isCentreLost(id) != isLost {
                result.append(
                    "subscription \(id), '\(request.text)', says the reverse of: its centre is lost: \(isLost)")
            }
            if told != expected {
                result.append(
                    "subscription \(id), '\(request.text)', has the members "
                        + "\(told.subtracting(expected).sorted().prefix(5)) too many, "
                        + "\(expected.subtracting(told).sorted().prefix(5)) too few")
            }
        }
        return result
    }
}

/// Somebody who does nothing but follow the changes of one query.
final class QueryMirror {
    private var mirror = ChangeMirror()
    private var members: Set<Entity> = []
    private var violations: [String] = []
    private let log = BatchLog()
    private let reader: Int

    init(_ id: SubscriptionID, of client: JoinedClient) {
        reader = client.observe(id, log)
    }

    /// What is wrong in what has come since the last call.
    func takeViolations() -> [String] {
        for batch in log.take() {
            guard let changes = batch.queries[reader] else { continue }
            violations += mirror.follow(changes.changes, at: batch.tick).map { "of a query: \($0)" }
            for entity in changes.left where members.remove(entity) == nil {
                violations.append("\(entity) leaves a query of which it was no member")
            }
            for entity in changes.joined where !members.insert(entity).inserted {
                violations.append("\(entity) joins a query of which it was a member")
            }
        }
        defer { violations = [] }
        return violations
    }

    func differences(from core: SyncClient, of id: SubscriptionID, _ shown: ShownByQueries) -> [String] {
        let expected = Set(core.members(of: id))
        var result: [String] = []
        if members != expected {
            result.append(
                "the changes of query \(id) lead to \(members.subtracting(expected).sorted().prefix(5)) too many, "
                    + "\(expected.subtracting(members).sorted().prefix(5)) too few")
        }
        guard let granted = core.granted(id) else { return result }
        let isBare = !granted.isOutsideWorld && (granted.tellsMembers || granted.shown == .all)
        let visible = Contents(of: core.store).filtered { entity, name in
            guard expected.contains(entity) else { return false }
            return name.map { core.store.table[$0].map { granted.shows($0) } ?? false } ?? isBare
        }
        return result + mirror.difference(from: visible).map { "the changes of query \(id) do not lead there: \($0)" }
    }
}

extension Query {
    private static let leaveRatio = SyncServerConfiguration().regionLeaveRatio

    /// The members, in their order, as far as these may be right.
    func memberEntities(of store: ComponentStore, told: [Entity]) -> [Entity] {
        guard let region else { return memberEntities(of: store) }
        let insiders = RowSet(told.lazy.filter(store.contains).map(\.index).sorted())
        var expected: RowSet
        if let centre = centre(in: store) {
            expected = matching(
                in: store,
                within: Area(region, around: centre, leaveRatio: Self.leaveRatio, insiders: insiders))
            // Of a window, nobody knows who else is in the region.
            if window != nil { expected = expected.intersection(insiders) }
        } else {
            // Where the region stands is not known: what else the query says holds.
            expected = RowSet(
                told.lazy.filter { store.contains($0) && self.matches($0, of: store) }.map(\.index).sorted())
        }
        return rowOrder.sorted(expected, in: store).compactMap { store.entity(at: $0) }
    }

    /// How many may match; `nil` if that is not known.
    func totals(in store: ComponentStore) -> ClosedRange<Int>? {
        let inner = matching(in: store).count
        guard let region else { return inner...inner }
        guard let centre = centre(in: store) else { return nil }
        let all = RowSet(store.entities.rows.indexes)
        let area = Area(region, around: centre, leaveRatio: Self.leaveRatio, insiders: all)
        return inner...matching(in: store, within: area).count
    }

    /// The members, in their order; no entity for a resource.
    func memberEntities(of store: ComponentStore) -> [Entity] {
        members(of: matching(in: store), in: store).rows.compactMap { row in
            switch rowKind {
            case .entities: store.entity(at: row)
            case .resource: Entity.none
            case .status: Entity(statusRow: row)
            }
        }
    }
}
