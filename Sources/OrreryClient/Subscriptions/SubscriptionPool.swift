import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryWire

/// Combines the views and subscriptions of a client into few subscriptions of the protocol.
///
/// Each view or subscription is an interest. Interests in the same query share a part; interests in single entities
/// share lists. A part is one protocol subscription, or two while its list changes: the new list is requested in the
/// place of the old one, which ends when the first state of the new one has arrived. So no state leaves in between. In
/// the same way one query takes the place of another, if nobody else has either.
///
/// Pure: it sends requests through ``SyncClient``, and its caller passes on what the server says. Dictionaries are for
/// lookup only; operations on several elements run by ascending number.
struct SubscriptionPool {
    private struct Interest {
        /// Its query; for listed entities, only the text that stands beside the list.
        let request: QueryRequest
        let fate: Subscription.Fate
        /// What the components must satisfy.
        let fit: Fit
        /// The living entities among those asked for; `nil` for all entities.
        var entities: Set<Entity>?
        /// The part that has its query; `nil` for listed entities, which may be in several.
        var part: Int?
        /// The entities whose first state has not arrived yet.
        var awaited: Set<Entity>
        var hasStarted = false
    }

    private struct Part {
        /// A request to the server.
        struct Ask {
            let id: SubscriptionID
            /// For a list, its living entities.
            var entities: Set<Entity>
        }

        let request: QueryRequest
        /// Whether the request is the whole query. Otherwise it is completed by ``members``.
        let isOfAll: Bool
        var interests: Set<InterestID> = []
        /// The number of interests in each entity.
        var members: [Entity: Int] = [:]
        /// The request whose first state has arrived.
        var current: Ask?
        /// The request that replaces `current` when its first state arrives.
        var next: Ask?
        /// The part that ends when the first state of this one arrives. Nobody joins it any more.
        var replaces: Int?

        var isWanted: Bool { isOfAll ? !interests.isEmpty : !members.isEmpty }
        /// Whether the current request is the one wanted.
        var isSettled: Bool {
            guard let current else { return false }
            return isOfAll
                || current.entities.count == members.count && current.entities.allSatisfy { members[$0] != nil }
        }
    }

    private struct Cell: Hashable {
        let request: QueryRequest
        let entity: Entity
    }

    private var parts: [Int: Part] = [:]
    private var interests: [InterestID: Interest] = [:]
    private var partOfCell: [Cell: Int] = [:]
    private var partOfAll: [QueryRequest: Int] = [:]
    private var partOfSubscription: [SubscriptionID: Int] = [:]
    private var nextPart = 0
    private var nextInterest: UInt64 = 0

    /// The maximum number of entities in one list. A list is sent again whenever an entity joins or leaves, so it is
    /// short.
    static let listCountMax = 256

    var interestCount: Int { interests.count }

    /// The subscription of the protocol that an interest in a query has.
    func subscription(of id: InterestID) -> SubscriptionID? {
        guard let part = interests[id]?.part.flatMap({ parts[$0] }) else { return nil }
        return (part.current ?? part.next)?.id
    }

    /// All subscriptions of the protocol that show what an interest asks for, ascending; `nil` if it has ended.
    func subscriptions(of id: InterestID) -> [SubscriptionID]? {
        guard interests[id] != nil else { return nil }
        return parts.values.filter { $0.interests.contains(id) }.compactMap { ($0.current ?? $0.next)?.id }.sorted()
    }

    // MARK: Interests

    /// Adds an interest, and requests what it needs and nobody has requested yet.
    /// - Parameters:
    ///   - entities: Entities whose list the pool keeps; `nil` for a query that is sent as it is.
    ///   - old: An interest in a query that has the new query, too, as soon as its first state arrives, unless others
    ///     have one of both queries.
    mutating func add(
        _ request: QueryRequest, of entities: Set<Entity>?, _ fate: Subscription.Fate, _ fit: Fit,
        replacing old: InterestID? = nil, through core: inout SyncClient
    ) -> (InterestID, Outcomes) {
        nextInterest += 1
        let id = InterestID(nextInterest)
        interests[id] = Interest(
            request: request, fate: fate, fit: fit, entities: entities, awaited: entities ?? [])
        var outcomes = Outcomes()
        var touched: Set<Int> = []
        if let entities {
            for entity in entities.sorted() { touched.insert(join(id, Cell(request: request, entity: entity))) }
            if entities.isEmpty { start(id, &core, &outcomes) }
        } else {
            let number = join(id, request)
            if let old = old.flatMap({ interests[$0]?.part }) { replace(old, by: number) }
            touched.insert(number)
        }
        for number in touched.sorted() {
            note(startOf: number, &core, &outcomes)
            settle(number, &core, &outcomes)
        }
        return (id, outcomes)
    }

    /// Removes all interests.
    /// - Returns: What to notify of the end.
    mutating func removeAll() -> [Subscription.Fate] {
        defer { self = SubscriptionPool() }
        return interests.sorted { $0.key < $1.key }.map(\.value.fate)
    }

    private mutating func join(_ id: InterestID, _ request: QueryRequest) -> Int {
        let number = partOfAll[request] ?? makePart(request, isOfAll: true)
        partOfAll[request] = number
        parts[number]?.interests.insert(id)
        interests[id]?.part = number
        return number
    }

    /// Lets a part take the place of another, if nobody but those who want that has one of them.
    private mutating func replace(_ old: Int, by number: Int) {
        guard let part = parts[old], part.current != nil, part.next == nil, part.interests.count == 1, old != number,
            partOfAll[part.request] == old, let new = parts[number], new.current == nil, new.next == nil
        else { return }
        parts[number]?.replaces = old
        partOfAll[part.request] = nil
    }

    /// A part does not take the place of another any more.
    private mutating func endReplacing(_ number: Int) {
        guard let old = parts[number]?.replaces else { return }
        parts[number]?.replaces = nil
        if let part = parts[old], partOfAll[part.request] == nil { partOfAll[part.request] = old }
    }

    private mutating func join(_ id: InterestID, _ cell: Cell) -> Int {
        let number = partOfCell[cell] ?? partWithRoom(cell.request)
        partOfCell[cell] = number
        parts[number]?.members[cell.entity, default: 0] += 1
        parts[number]?.interests.insert(id)
        return number
    }

    private mutating func partWithRoom(_ request: QueryRequest) -> Int {
        let open = parts.filter {
            !$0.value.isOfAll && $0.value.request == request && $0.value.members.count < Self.listCountMax
        }
        return open.keys.min() ?? makePart(request, isOfAll: false)
    }

    private mutating func makePart(_ request: QueryRequest, isOfAll: Bool) -> Int {
        nextPart += 1
        parts[nextPart] = Part(request: request, isOfAll: isOfAll)
        return nextPart
    }

    /// Removes an interest.
    mutating func remove(_ id: InterestID, through core: inout SyncClient) -> Outcomes {
        var outcomes = Outcomes()
        for number in leave(id).sorted() { settle(number, &core, &outcomes) }
        return outcomes
    }

    /// - Returns: The parts that it was in.
    private mutating func leave(_ id: InterestID) -> Set<Int> {
        guard let interest = interests.removeValue(forKey: id) else { return [] }
        guard let entities = interest.entities else {
            guard let number = interest.part else { return [] }
            parts[number]?.interests.remove(id)
            return [number]
        }
        var touched: Set<Int> = []
        for entity in entities {
            if let number = leave(Cell(request: interest.request, entity: entity)) { touched.insert(number) }
        }
        for number in touched { parts[number]?.interests.remove(id) }
        return touched
    }

    private mutating func leave(_ cell: Cell) -> Int? {
        guard let number = partOfCell[cell], let count = parts[number]?.members[cell.entity] else { return nil }
        parts[number]?.members[cell.entity] = count > 1 ? count - 1 : nil
        if count == 1 { partOfCell[cell] = nil }
        return number
    }

    // MARK: Events from the server

    /// The first states of these subscriptions are in the store.
    mutating func started(_ ids: [SubscriptionID], through core: inout SyncClient) -> Outcomes {
        var outcomes = Outcomes()
        for id in ids {
            guard let number = partOfSubscription[id], let part = parts[number], part.next?.id == id else { continue }
            parts[number]?.current = part.next
            parts[number]?.next = nil
            if let old = part.current { end(old, &core, &outcomes) }
            if let old = part.replaces { take(old, into: number, &core, &outcomes) }
            note(startOf: number, &core, &outcomes)
            settle(number, &core, &outcomes)
        }
        return outcomes
    }

    /// A part has taken the place of another: it has its interests, too, from now on.
    private mutating func take(
        _ old: Int, into number: Int, _ core: inout SyncClient, _ outcomes: inout Outcomes
    ) {
        parts[number]?.replaces = nil
        guard let part = parts.removeValue(forKey: old) else { return }
        if let current = part.current { end(current, &core, &outcomes) }
        for id in part.interests {
            interests[id]?.part = number
            parts[number]?.interests.insert(id)
        }
    }

    /// A subscription was refused: immediately, or after a reconnection.
    mutating func refused(_ id: SubscriptionID, _ error: ClientError, through core: inout SyncClient) -> Outcomes? {
        guard let number = partOfSubscription.removeValue(forKey: id), let part = parts[number] else { return nil }
        var outcomes = Outcomes()
        if part.next?.id == id { parts[number]?.next = nil } else { parts[number]?.current = nil }
        endReplacing(number)
        fail(in: number, error, &core, &outcomes)
        settle(number, &core, &outcomes)
        return outcomes
    }

    /// Entities were despawned and never come back. The server sends nothing more about them, so they are no longer
    /// requested.
    mutating func despawned(_ entities: [Entity], at tick: Tick, through core: inout SyncClient) -> Outcomes {
        var outcomes = Outcomes()
        guard !entities.isEmpty, !partOfCell.isEmpty else { return outcomes }
        let lists = Set(parts.values.filter { !$0.isOfAll }.map(\.request))
        let gone = Set(
            entities.filter { entity in
                lists.contains { partOfCell[Cell(request: $0, entity: entity)] != nil }
            })
        guard !gone.isEmpty else { return outcomes }
        var touched: Set<Int> = []
        for id in interests.keys.sorted() {
            guard let interest = interests[id], let asked = interest.entities, !asked.isDisjoint(with: gone) else {
                continue
            }
            for entity in asked.intersection(gone) {
                if let number = leave(Cell(request: interest.request, entity: entity)) { touched.insert(number) }
            }
            interests[id]?.entities?.subtract(gone)
            interests[id]?.awaited.subtract(gone)
            guard asked.isSubset(of: gone) else { continue }
            touched.formUnion(leave(id))
            let error = ClientError(
                .unknownEntity, "\(Self.names(asked)) despawned, seen at tick \(tick)", phase: .apply)
            outcomes.list.append(.ended(interest.fate, error))
        }
        for number in touched.sorted() {
            parts[number]?.current?.entities.subtract(gone)
            parts[number]?.next?.entities.subtract(gone)
            note(startOf: number, &core, &outcomes)
            settle(number, &core, &outcomes)
        }
        return outcomes
    }

    /// Ends interests for which `problem` returns an error: their component is gone or has changed.
    mutating func end(
        through core: inout SyncClient, where problem: (Fit) -> ClientError?
    ) -> Outcomes {
        var outcomes = Outcomes()
        var touched: Set<Int> = []
        for id in interests.keys.sorted() {
            guard let interest = interests[id], let error = problem(interest.fit) else { continue }
            touched.formUnion(leave(id))
            outcomes.list.append(.ended(interest.fate, error))
        }
        for number in touched.sorted() { settle(number, &core, &outcomes) }
        return outcomes
    }

    // MARK: Steps

    /// Requests what is wanted and not yet there, one step at a time.
    private mutating func settle(_ number: Int, _ core: inout SyncClient, _ outcomes: inout Outcomes) {
        while let part = parts[number] {
            guard part.isWanted else {
                if let current = part.current { end(current, &core, &outcomes) }
                if let next = part.next { end(next, &core, &outcomes) }
                endReplacing(number)
                parts[number] = nil
                if part.isOfAll, partOfAll[part.request] == number { partOfAll[part.request] = nil }
                return
            }
            guard part.next == nil, !part.isSettled else { return }
            let entities = Set(part.members.keys)
            do throws(Refusal) {
                let replaced = part.replaces.flatMap { parts[$0]?.current } ?? part.current
                let id = try core.subscribe(
                    part.isOfAll ? part.request : QueryRequest(part.request.text, entities: Array(entities)),
                    replacing: replaced?.id)
                parts[number]?.next = Part.Ask(id: id, entities: entities)
                partOfSubscription[id] = number
                return
            } catch {
                fail(in: number, ClientError(error, phase: .subscribe), &core, &outcomes)
            }
        }
    }

    /// Ends the interests that wait for something a part does not have.
    private mutating func fail(
        in number: Int, _ error: ClientError, _ core: inout SyncClient, _ outcomes: inout Outcomes
    ) {
        guard let part = parts[number] else { return }
        let there = part.current?.entities ?? []
        for id in part.interests.sorted() {
            guard let interest = interests[id] else { continue }
            let lacks = interest.entities.map { entities in
                entities.contains { part.members[$0] != nil && !there.contains($0) }
            }
            guard lacks ?? (part.current == nil) else { continue }
            // The interest also leaves its other parts.
            for other in leave(id) where other != number { settle(other, &core, &outcomes) }
            outcomes.list.append(.ended(interest.fate, error))
        }
    }

    /// Starts the interests whose first state is complete with this part.
    private mutating func note(startOf number: Int, _ core: inout SyncClient, _ outcomes: inout Outcomes) {
        guard let part = parts[number], let current = part.current else { return }
        for id in part.interests.sorted() where interests[id]?.hasStarted == false {
            interests[id]?.awaited.subtract(current.entities)
            if interests[id]?.awaited.isEmpty ?? false { start(id, &core, &outcomes) }
        }
    }

    private mutating func start(_ id: InterestID, _ core: inout SyncClient, _ outcomes: inout Outcomes) {
        guard let interest = interests[id] else { return }
        if let entities = interest.entities, !entities.isEmpty, !entities.contains(where: core.store.contains) {
            // The server does not refuse a list with dead entities if others in it are alive.
            let error = ClientError(
                .unknownEntity, "\(Self.names(entities)) not alive at tick \(core.tick)", phase: .subscribe)
            outcomes.list.append(.ended(interest.fate, error))
            for number in leave(id).sorted() { settle(number, &core, &outcomes) }
            return
        }
        interests[id]?.hasStarted = true
        outcomes.list.append(.started(interest.fate))
    }

    /// `entity 5v1 is`, `3 entities are`: the beginning of a sentence.
    private static func names(_ entities: Set<Entity>) -> String {
        entities.count == 1 ? "entity \(entities.first ?? .none) is" : "\(entities.count) entities are"
    }

    private mutating func end(_ ask: Part.Ask, _ core: inout SyncClient, _ outcomes: inout Outcomes) {
        partOfSubscription[ask.id] = nil
        outcomes.events += core.unsubscribe(ask.id)
    }
}
