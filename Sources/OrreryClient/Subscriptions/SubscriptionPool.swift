import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryWire

/// What the views and subscriptions of a client ask for, gathered into few subscriptions of the protocol.
///
/// Each that asks is an interest. Interests in all entities of the same components share a part; interests in single
/// entities share lists. A part is one subscription of the protocol, or two while its list changes: the new list is
/// asked for first, and the old one ends when the first state of the new one is there. So nothing leaves meanwhile.
///
/// Pure: it says through ``SyncClient`` what to ask for, and is told what the server says of it. Dictionaries are for
/// finding; what is done to several is done by ascending number.
struct SubscriptionPool {
    typealias Components = SubscriptionRequest.Components

    struct InterestID: NumberedID {
        let rawValue: UInt64

        init(_ rawValue: UInt64) {
            self.rawValue = rawValue
        }
    }

    /// What became of an interest.
    enum Outcome {
        /// The first state of all that it asks for is in the store.
        case started(Subscription.Fate)
        /// It is over: refused, or gone.
        case ended(Subscription.Fate, ClientError)
    }

    /// What is to be told after a step: of interests, and of the store.
    struct Outcomes {
        var list: [Outcome] = []
        var events: [ClientEvent] = []
    }

    private struct Interest {
        let components: Components
        let fate: Subscription.Fate
        /// What the components must be.
        let fit: Fit
        /// Those that live, of those that were asked for; `nil` for all entities.
        var entities: Set<Entity>?
        /// Those of them whose first state is not there yet.
        var awaited: Set<Entity>
        var hasStarted = false
    }

    private struct Part {
        /// What the server was asked for.
        struct Ask {
            let id: SubscriptionID
            /// Of a list, those that live.
            var entities: Set<Entity>
        }

        let components: Components
        let isOfAll: Bool
        var interests: Set<InterestID> = []
        /// How many interests ask for each entity.
        var members: [Entity: Int] = [:]
        /// Its first state is there.
        var current: Ask?
        /// Takes the place of `current` when its first state is there.
        var next: Ask?

        var isWanted: Bool { isOfAll ? !interests.isEmpty : !members.isEmpty }
        /// Whether what is in place is what is wanted.
        var isSettled: Bool {
            guard let current else { return false }
            return isOfAll
                || current.entities.count == members.count && current.entities.allSatisfy { members[$0] != nil }
        }
    }

    private struct Cell: Hashable {
        let components: Components
        let entity: Entity
    }

    private var parts: [Int: Part] = [:]
    private var interests: [InterestID: Interest] = [:]
    private var partOfCell: [Cell: Int] = [:]
    private var partOfAll: [Components: Int] = [:]
    private var partOfSubscription: [SubscriptionID: Int] = [:]
    private var nextPart = 0
    private var nextInterest: UInt64 = 0

    /// Entities of one list. It is sent anew whenever one joins or leaves it, so it is short.
    static let listCountMax = 256

    var interestCount: Int { interests.count }

    // MARK: What is asked for

    /// Takes an interest in, and asks for what it needs and nobody has asked for.
    /// - Parameter entities: `nil` for all.
    mutating func add(
        _ components: Components, of entities: Set<Entity>?, _ fate: Subscription.Fate, _ fit: Fit,
        through core: inout SyncClient
    ) -> (InterestID, Outcomes) {
        nextInterest += 1
        let id = InterestID(nextInterest)
        interests[id] = Interest(
            components: components, fate: fate, fit: fit, entities: entities, awaited: entities ?? [])
        var outcomes = Outcomes()
        var touched: Set<Int> = []
        if let entities {
            for entity in entities.sorted() { touched.insert(join(id, Cell(components: components, entity: entity))) }
            if entities.isEmpty { start(id, &core, &outcomes) }
        } else {
            touched.insert(join(id, all: components))
        }
        for number in touched.sorted() {
            note(startOf: number, &core, &outcomes)
            settle(number, &core, &outcomes)
        }
        return (id, outcomes)
    }

    /// Forgets all.
    /// - Returns: what is to be told that it is over.
    mutating func removeAll() -> [Subscription.Fate] {
        defer { self = SubscriptionPool() }
        return interests.sorted { $0.key < $1.key }.map(\.value.fate)
    }

    private mutating func join(_ id: InterestID, all components: Components) -> Int {
        let number = partOfAll[components] ?? makePart(components, isOfAll: true)
        partOfAll[components] = number
        parts[number]?.interests.insert(id)
        return number
    }

    private mutating func join(_ id: InterestID, _ cell: Cell) -> Int {
        let number = partOfCell[cell] ?? partWithRoom(cell.components)
        partOfCell[cell] = number
        parts[number]?.members[cell.entity, default: 0] += 1
        parts[number]?.interests.insert(id)
        return number
    }

    private mutating func partWithRoom(_ components: Components) -> Int {
        let open = parts.filter {
            !$0.value.isOfAll && $0.value.components == components && $0.value.members.count < Self.listCountMax
        }
        return open.keys.min() ?? makePart(components, isOfAll: false)
    }

    private mutating func makePart(_ components: Components, isOfAll: Bool) -> Int {
        nextPart += 1
        parts[nextPart] = Part(components: components, isOfAll: isOfAll)
        return nextPart
    }

    /// Nobody asks any longer.
    mutating func remove(_ id: InterestID, through core: inout SyncClient) -> Outcomes {
        var outcomes = Outcomes()
        for number in leave(id).sorted() { settle(number, &core, &outcomes) }
        return outcomes
    }

    /// - Returns: the parts that it was in.
    private mutating func leave(_ id: InterestID) -> Set<Int> {
        guard let interest = interests.removeValue(forKey: id) else { return [] }
        guard let entities = interest.entities else {
            guard let number = partOfAll[interest.components] else { return [] }
            parts[number]?.interests.remove(id)
            return [number]
        }
        var touched: Set<Int> = []
        for entity in entities {
            if let number = leave(Cell(components: interest.components, entity: entity)) { touched.insert(number) }
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

    // MARK: What the server says

    /// First states are in the store.
    mutating func started(_ ids: [SubscriptionID], through core: inout SyncClient) -> Outcomes {
        var outcomes = Outcomes()
        for id in ids {
            guard let number = partOfSubscription[id], let part = parts[number], part.next?.id == id else { continue }
            parts[number]?.current = part.next
            parts[number]?.next = nil
            if let old = part.current { end(old, &core, &outcomes) }
            note(startOf: number, &core, &outcomes)
            settle(number, &core, &outcomes)
        }
        return outcomes
    }

    /// A subscription was refused: at once, or with the next connection.
    mutating func refused(_ id: SubscriptionID, _ refusal: Refusal, through core: inout SyncClient) -> Outcomes? {
        guard let number = partOfSubscription.removeValue(forKey: id), let part = parts[number] else { return nil }
        var outcomes = Outcomes()
        if part.next?.id == id { parts[number]?.next = nil } else { parts[number]?.current = nil }
        fail(in: number, ClientError(refusal, phase: .subscribe), &core, &outcomes)
        settle(number, &core, &outcomes)
        return outcomes
    }

    /// Entities are gone from the world, and never come again. Nothing of them travels any more, so nothing is asked
    /// for.
    mutating func despawned(_ entities: [Entity], at tick: Tick, through core: inout SyncClient) -> Outcomes {
        var outcomes = Outcomes()
        guard !entities.isEmpty, !partOfCell.isEmpty else { return outcomes }
        let lists = Set(parts.values.filter { !$0.isOfAll }.map(\.components))
        let gone = Set(
            entities.filter { entity in
                lists.contains { partOfCell[Cell(components: $0, entity: entity)] != nil }
            })
        guard !gone.isEmpty else { return outcomes }
        var touched: Set<Int> = []
        for id in interests.keys.sorted() {
            guard let interest = interests[id], let asked = interest.entities, !asked.isDisjoint(with: gone) else {
                continue
            }
            for entity in asked.intersection(gone) {
                if let number = leave(Cell(components: interest.components, entity: entity)) { touched.insert(number) }
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

    /// Ends interests that `problem` finds something wrong with: their component is gone, or is another one.
    mutating func end(
        through core: inout SyncClient, where problem: (Components, Fit) -> ClientError?
    ) -> Outcomes {
        var outcomes = Outcomes()
        var touched: Set<Int> = []
        for id in interests.keys.sorted() {
            guard let interest = interests[id], let error = problem(interest.components, interest.fit) else { continue }
            touched.formUnion(leave(id))
            outcomes.list.append(.ended(interest.fate, error))
        }
        for number in touched.sorted() { settle(number, &core, &outcomes) }
        return outcomes
    }

    // MARK: Steps

    /// Asks for what is wanted and is not there, one step at a time.
    private mutating func settle(_ number: Int, _ core: inout SyncClient, _ outcomes: inout Outcomes) {
        while let part = parts[number] {
            guard part.isWanted else {
                if let current = part.current { end(current, &core, &outcomes) }
                if let next = part.next { end(next, &core, &outcomes) }
                parts[number] = nil
                if part.isOfAll { partOfAll[part.components] = nil }
                return
            }
            guard part.next == nil, !part.isSettled else { return }
            let entities = Set(part.members.keys)
            do throws(Refusal) {
                let id = try core.subscribe(
                    SubscriptionRequest(
                        entities: part.isOfAll ? .all : .listed(entities.sorted()), components: part.components))
                parts[number]?.next = Part.Ask(id: id, entities: entities)
                partOfSubscription[id] = number
                return
            } catch {
                fail(in: number, ClientError(error, phase: .subscribe), &core, &outcomes)
            }
        }
    }

    /// Ends those that wait for what a part does not have.
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
            // Its other parts go with it.
            for other in leave(id) where other != number { settle(other, &core, &outcomes) }
            outcomes.list.append(.ended(interest.fate, error))
        }
    }

    /// Those whose first state is there with a part hear of it.
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
            // One in a list with others that live is no refusal of the server's.
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
