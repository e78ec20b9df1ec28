import OrreryECS
import OrrerySchema
import OrreryStore
import OrrerySync

/// What rules of visibility show each personal client, on the simulation thread.
///
/// A rule is asked about an entity when it comes, when a component changes that the rule names, and on request; about
/// all entities when a client comes. *Invariant:* what is handed over is what the rules said of the state in the change
/// log beside it.
struct PersonalSights {
    private struct Client {
        let identity: ClientIdentity
        var shown = RowSet()
        /// Whether the rules were not asked yet.
        var isNew = true
        /// Whether they are to be asked about all entities anew.
        var isInvalid = false
        /// Whether there was no room for an entity that the rules show it.
        var isCut = false
    }

    /// Questions to rules about clients that have come, in one tick, besides those of the first: so many clients that
    /// come at once do not delay a tick.
    static let newcomerQuestionMax = 1 << 18

    private let rules: [VisibilityRule]
    private let components: Set<ComponentID>
    private let world: World
    /// Entities that the rules show one client.
    private let shownCountMax: Int
    /// Ascending by ID.
    private var clients: [Client] = []
    private var rows = PersonalRows()
    private var hasChanged = false
    /// Entities to ask about anew.
    private var invalidated: Set<Entity> = []
    /// Clients to whom entities are not shown for want of room, since this was last asked.
    private var cutClients: [ClientIdentity] = []

    init(_ rules: [VisibilityRule], _ world: World, shownCountMax: Int) {
        self.rules = rules
        self.world = world
        self.shownCountMax = shownCountMax
        components = Set(rules.flatMap { $0.track(world) })
    }

    /// Whether anybody waits to be let in.
    var hasNewcomers: Bool { clients.contains { $0.isNew } }

    /// A client has joined, or sees other things from now on.
    mutating func join(_ client: ClientIdentity, _ visibility: Visibility) {
        guard visibility.isPersonal else { return leave(client.id) }
        let position = clients.partitionIndex { $0.identity.id >= client.id }
        guard position == clients.count || clients[position].identity != client else { return }
        clients.insert(Client(identity: client), at: position)
    }

    mutating func leave(_ client: ClientID) {
        clients.removeAll { $0.identity.id == client }
        if rows.shown.removeValue(forKey: client) != nil { hasChanged = true }
    }

    /// The rules are asked again.
    mutating func invalidate(_ request: Clients.Invalidation) {
        switch request {
        case .entity(let entity): invalidated.insert(entity)
        case .client(let client):
            for position in clients.indices where clients[position].identity.id == client {
                clients[position].isInvalid = true
            }
        case .everything: for position in clients.indices { clients[position].isInvalid = true }
        }
    }

    /// What a client is shown that is not shown all that rules show it, for want of room; `nil` for any other.
    func cutRows(of client: ClientID) -> RowSet? {
        let position = clients.partitionIndex { $0.identity.id >= client }
        guard position < clients.count, clients[position].identity.id == client, clients[position].isCut else {
            return nil
        }
        return clients[position].shown
    }

    /// The clients who were not shown all that rules show them, for want of room, since the last call.
    mutating func takeCutClients() -> [ClientIdentity] {
        defer { cutClients = [] }
        return cutClients
    }

    /// Follows what has changed in the world.
    /// - Returns: What is shown now; `nil` if it is as before.
    /// - Complexity: O(changes of the rules' components · personal clients); for a client that is new, O(entities that
    ///   rules decide about).
    mutating func follow(_ log: ChangeLog) -> PersonalRows? {
        followChanges(in: log)
        for position in clients.indices where clients[position].isInvalid && !clients[position].isNew {
            askAboutAll(position)
        }
        return decideForNewcomers()
    }

    private mutating func followChanges(in log: ChangeLog) {
        let touched = touchedEntities(in: log)
        let stale = RowSet(log.despawned.map(\.index) + touched.map(\.index))
        guard !stale.isEmpty else { return }
        let restricted = touched.filter { rules.decide(about: $0, in: world) }
        let all = rows.restricted.subtracting(stale).union(RowSet(restricted.map(\.index)))
        if all != rows.restricted {
            rows.restricted = all
            hasChanged = true
        }
        for position in clients.indices where !clients[position].isNew && !clients[position].isInvalid {
            let kept = clients[position].shown.subtracting(stale)
            show(restricted, besides: kept, to: position)
        }
    }

    /// The living entities that the rules are to be asked about, in order.
    private mutating func touchedEntities(in log: ChangeLog) -> [Entity] {
        defer { invalidated.removeAll(keepingCapacity: true) }
        var touched = invalidated
        for component in components {
            if let changes = log[component] { touched.formUnion(changes.entities) }
        }
        for change in log.removed where components.contains(change.component) { touched.insert(change.entity) }
        return touched.filter(world.contains).sorted()
    }

    /// - Returns: What is shown now; `nil` if it is as before.
    mutating func decideForNewcomers() -> PersonalRows? {
        var questionCount = 0
        for position in clients.indices where clients[position].isNew && questionCount <= Self.newcomerQuestionMax {
            questionCount += rows.restricted.count
            askAboutAll(position)
        }
        for position in clients.indices
        where clients[position].isCut && clients[position].shown.count < shownCountMax
            && questionCount <= Self.newcomerQuestionMax
        {
            questionCount += rows.restricted.count
            askAboutAll(position)
        }
        defer { hasChanged = false }
        return hasChanged ? rows : nil
    }

    private mutating func askAboutAll(_ position: Int) {
        var entities: [Entity] = []
        rows.restricted.forEach { row in
            if let entity = world.entity(at: row) { entities.append(entity) }
        }
        clients[position].isCut = false
        clients[position].isInvalid = false
        show(entities, besides: RowSet(), to: position)
        clients[position].isNew = false
    }

    /// - Parameter entities: Those that rules decide about anew, in order.
    private mutating func show(_ entities: [Entity], besides kept: RowSet, to position: Int) {
        let client = clients[position].identity
        var added = RowSet()
        var room = shownCountMax - kept.count
        for entity in entities where rules.show(entity, to: client, in: world) {
            guard room > 0 else {
                if !clients[position].isCut { cutClients.append(client) }
                clients[position].isCut = true
                break
            }
            room -= 1
            added.append(entity.index)
        }
        let shown = kept.union(added)
        guard clients[position].isNew || shown != clients[position].shown else { return }
        clients[position].shown = shown
        rows.shown[client.id] = shown
        hasChanged = true
    }
}
