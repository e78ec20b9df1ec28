import OrreryECS
import OrrerySchema
import OrrerySync
import OrreryWire

/// Tells the world who has come and gone, and applies waiting mutations, on the simulation thread at the beginning of a
/// tick: as many as the budget allows, in turn by client; the others wait.
struct MutationIntake: ~Copyable {
    private let exchange: MutationExchange
    private var applier: MutationApplier
    private let world: World
    /// Units of work that mutations may take in one tick.
    private let workMax: Int
    private var queue = MutationQueue()
    /// Lists that are swapped with those of the exchange.
    private var arrivedChanges: [ClientChange] = []
    /// Who has come and gone, as the world is told in the next tick.
    private var changes: [ClientChange] = []
    private var arrived: [MutationRequest] = []
    private var results: [MutationResult] = []

    init(_ exchange: MutationExchange, _ applier: consuming MutationApplier, world: World, workMax: Int) {
        self.exchange = exchange
        self.applier = applier
        self.world = world
        self.workMax = workMax
    }

    /// Takes in who has come and gone. The world is told in the next tick, and not of somebody who has left by then.
    mutating func takeClients(telling sights: inout PersonalSights) {
        exchange.take(into: &arrivedChanges, &arrived)
        for change in arrivedChanges {
            if change.kind == .joined {
                let client = ClientIdentity(id: change.id, name: change.name, subject: change.subject)
                sights.join(client, change.visibility)
            } else {
                sights.leave(change.id)
            }
            changes.add(change)
        }
        arrivedChanges.removeAll(keepingCapacity: true)
        queue.append(&arrived)
    }

    /// - Parameter tick: The tick that is about to run.
    /// - Returns: Whether any mutation was decided.
    mutating func take(at tick: Tick, telling sights: inout PersonalSights) -> Bool {
        takeClients(telling: &sights)
        tellClients()
        var work = 0
        while work < workMax, let request = queue.next() {
            let (outcome, units) = applier.apply(request, at: tick, sights)
            work += units
            results.append(MutationResult(request, outcome))
        }
        guard !results.isEmpty else { return false }
        exchange.finished(&results)
        return true
    }

    /// Hands over what the systems let clients see from now on.
    func takeVisibilities(telling sights: inout PersonalSights) {
        guard var clients = world.resource(Clients.self), clients.hasRequests else { return }
        let visibilities = clients.takeVisibilities()
        for new in visibilities {
            if let client = clients[new.client] { sights.join(client, new.visibility) }
        }
        exchange.offer(visibilities)
        for invalidation in clients.takeInvalidations() { sights.invalidate(invalidation) }
        world.insertResource(clients)
    }

    private mutating func tellClients() {
        guard !changes.isEmpty else { return }
        var clients = world.resource(Clients.self) ?? Clients()
        for change in changes {
            let client = ClientIdentity(id: change.id, name: change.name, subject: change.subject)
            switch change.kind {
            case .joined:
                clients.join(client)
                world.send(ClientJoined(client: client))
            case .left(let hasClosed):
                clients.leave(client)
                world.send(ClientLeft(client: client, cause: hasClosed ? .closed : .timedOut))
            }
        }
        world.insertResource(clients)
        changes.removeAll(keepingCapacity: true)
    }
}
