public import OrrerySchema
public import OrreryStore
public import OrreryWire

/// What the client core tells its owner. In order.
public enum ClientEvent: Sendable {
    case welcomed(Welcome)
    case subscribed(SubscriptionID)
    case refused(SubscriptionID, Refusal)
    case unsubscribed(SubscriptionID, Refusal?)
    /// A batch was applied: the store stands at its tick.
    case applied(AppliedBatch)
    /// A mutation has its outcome.
    case mutated(MutationSequence, MutationOutcome)
    /// The server's world has come to this tick; `isCurrent` says that the store is the state of it.
    case heartbeat(Tick, isCurrent: Bool)
    /// The server said something that it must not say. Nothing is applied from here on; after ``WireCloseCode/gap`` not before a new
    /// connection.
    case failed(WireError)
}

/// The client's half of the protocol without I/O: bytes in, events and bytes out.
///
/// Parts of a batch are staged and applied at its end, as one: the store never shows half a tick.
///
/// Not `Sendable`: it belongs to one thread, or to whoever holds its lock.
public struct SyncClient {
    enum Phase: Equatable {
        case awaitingWelcome, ready, failed
        /// A batch is missing: nothing more is applied on this connection, but the next one may go on from here.
        case interrupted
    }

    public let configuration: SyncClientConfiguration
    /// The rows and schemas of the server. Empty until the server's welcome.
    public internal(set) var store = ComponentStore(schemas: [])
    public internal(set) var welcome: Welcome?
    /// The tick whose state the store shows.
    public internal(set) var tick = Tick.zero
    /// The newest tick of the server that this client heard of.
    public internal(set) var serverTick = Tick.zero
    /// Whether applied batches list their changes. Costs a copy of each changed value.
    public var recordsChanges = false
    var selections: [SubscriptionID: Selection] = [:]
    var started: Set<SubscriptionID> = []
    /// Those whose end was asked for and not answered.
    var unsubscribing: Set<SubscriptionID> = []
    /// Mutations without an outcome yet, in order.
    public internal(set) var pendingMutations: [PendingMutation] = []
    var nextMutation: UInt64 = 1
    /// Set from a reset until the first whole batch of the new life: the store that takes the place of the one that is shown.
    /// The client stands at `tick` of it all the same.
    var replacement: (store: ComponentStore, reset: AppliedBatch.Reset, tick: Tick)?
    let clientName: String
    var knownSchemas: [SchemaHash: ComponentSchema]
    var phase = Phase.awaitingWelcome
    private var isApplying = false
    private var staged: [[UInt8]] = []
    private var stagedSize = 0
    var receivedByteCount: UInt64 = 0
    private var nextSubscription: UInt32 = 1
    var outgoing: [[UInt8]] = []

    /// Bytes that a staged part takes besides its own.
    static let stagedPartOverhead = 64

    /// - Parameter knownSchemas: schemas that need not be sent, from an earlier connection.
    public init(
        clientName: String, configuration: SyncClientConfiguration = .init(), knownSchemas: [ComponentSchema] = []
    ) {
        self.clientName = clientName
        self.configuration = configuration
        self.knownSchemas = Dictionary(knownSchemas.map { ($0.hash, $0) }) { first, _ in first }
        sayHello()
    }

    /// The messages to send, once. The first is there from the beginning.
    public mutating func takeOutgoing() -> [[UInt8]] {
        defer { outgoing.removeAll() }
        return outgoing
    }

    /// Asks for cells. The answer comes as `subscribed` or `refused`, their first state with a batch that lists them as `started`.
    /// - Precondition: the server has welcomed this client once. While there is no connection it is asked for with the next.
    public mutating func subscribe(_ selection: Selection) -> SubscriptionID {
        let id = SubscriptionID(nextSubscription)
        nextSubscription += 1
        selections[id] = selection
        if phase == .ready { outgoing.append(ClientMessage.subscribe(id, selection).encoded()) }
        return id
    }

    /// What this client is kept up to date on: the subscriptions whose first state is in the store.
    package var startedSelections: [Selection] {
        selections.filter { started.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// The names of those.
    package var startedSubscriptions: [SubscriptionID] { started.sorted() }

    /// Subscriptions whose first state is not there yet.
    package var waitingSubscriptionCount: Int { selections.count - started.count }

    /// Asks no longer for cells. They leave the store with the answer, `unsubscribed`.
    /// - Returns: whether an answer will come; without a connection they leave at once.
    public mutating func unsubscribe(_ id: SubscriptionID) -> Bool {
        // Without a connection, what has started was named in the Hello that may be on its way, and ends after the welcome.
        guard selections[id] != nil, phase == .ready || started.contains(id) else {
            forget(id)
            return false
        }
        if unsubscribing.insert(id).inserted, phase == .ready {
            outgoing.append(ClientMessage.unsubscribe(id).encoded())
        }
        return true
    }

    package var occupancies: [Occupancy] {
        [
            Occupancy("staged bytes of \(clientName)", stagedSize, limit: configuration.stagedSizeMax),
            Occupancy(
                "pending mutations of \(clientName)", pendingMutations.count, limit: configuration.pendingMutationMax),
            Occupancy(
                "schemas known to \(clientName)", knownSchemas.count, limit: configuration.limits.componentCountMax),
        ]
    }

    /// Whether there is a connection, and the server has welcomed this client on it.
    public var isWelcomed: Bool { phase == .ready }

    mutating func forget(_ id: SubscriptionID) {
        selections[id] = nil
        started.remove(id)
        dropStaged()
        // The last of an earlier life stays as it is until the new one takes its place.
        if replacement == nil { dropUncovered() }
    }

    /// A message came.
    /// - Returns: what is to be told, in order. After `failed` the connection is to be closed with its code.
    public mutating func receive(_ bytes: UnsafeRawBufferPointer) -> [ClientEvent] {
        guard phase != .failed, phase != .interrupted else { return [] }
        do throws(WireError) {
            return try handle(ServerMessage(decoding: bytes, limits: configuration.limits), bytes)
        } catch {
            // Nothing of a batch that does not fit was applied.
            phase = error.closeCode == .gap ? .interrupted : .failed
            dropStaged()
            // What a broken batch left half done is shown to nobody.
            if isApplying { store = ComponentStore(schemas: store.schemas) }
            return [.failed(error)]
        }
    }

    private mutating func handle(
        _ message: ServerMessage, _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> [ClientEvent] {
        switch (phase, message) {
        case (.awaitingWelcome, .welcome(let welcome)):
            return try begin(welcome)
        case (.ready, .subscribeResponse(let id, let refusal)):
            guard selections[id] != nil else {
                throw WireError(.protocolError, "an answer to subscription \(id), which does not exist")
            }
            guard !started.contains(id) else {
                throw WireError(.protocolError, "a second answer to subscription \(id)")
            }
            guard let refusal else { return [.subscribed(id)] }
            selections[id] = nil
            return [.refused(id, refusal)]
        case (.ready, .unsubscribeResponse(let id, let refusal)):
            guard unsubscribing.remove(id) != nil else {
                throw WireError(.protocolError, "an answer to the end of subscription \(id), which was not asked for")
            }
            if refusal == nil { forget(id) }
            return [.unsubscribed(id, refusal)]
        case (.ready, .heartbeat(let tick, let isCurrent)):
            return try receiveHeartbeat(tick, isCurrent: isCurrent)
        case (.ready, .mutationResponse(let sequence, let outcome)):
            return try receiveOutcome(sequence, outcome)
        case (.ready, .syncBatch(let head)): return try receive(head, bytes)
        case (.awaitingWelcome, _): throw WireError(.protocolError, "the server's first message must be Welcome")
        case (_, .welcome): throw WireError(.protocolError, "a second Welcome")
        case (.failed, _), (.interrupted, _): return []
        }
    }

    private mutating func receiveHeartbeat(_ tick: Tick, isCurrent: Bool) throws(WireError) -> [ClientEvent] {
        guard tick >= standing else {
            throw WireError(.protocolError, "a heartbeat of tick \(tick) after tick \(standing)")
        }
        serverTick = max(serverTick, tick)
        // Each is answered: with that the server knows that somebody is there.
        defer { acknowledge() }
        guard isCurrent, staged.isEmpty, tick > standing else { return [.heartbeat(tick, isCurrent: isCurrent)] }
        // Nothing is owed up to that tick. What takes the place of a void state waits for what was asked for.
        if replacement != nil, !selections.isEmpty {
            replacement?.tick = tick
            return [.heartbeat(tick, isCurrent: true)]
        }
        var batch = AppliedBatch(
            epoch: epoch, schemas: tableSchemas, base: replacement == nil ? self.tick : .zero, tick: tick)
        replaceStore(&batch)
        self.tick = tick
        return [.heartbeat(tick, isCurrent: true), .applied(batch)]
    }

    /// The tick up to which this client has everything, shown or not.
    package var standing: Tick { replacement?.tick ?? tick }

    /// Whether the server began anew, and nothing of its new life has come yet: what is shown is the last of the old one.
    public var isShowingVoidState: Bool { replacement != nil }

    /// The life of the world whose state is in ``store``.
    public internal(set) var shownEpoch = Epoch(0)

    /// The components of the server that this client is connected to. Those of ``store`` are the same except during a reset.
    package var tableSchemas: [ComponentSchema] { replacement?.store.schemas ?? store.schemas }

    /// The life of the world that is, or is about to be, shown.
    public var epoch: Epoch { welcome?.revision.epoch ?? Epoch(0) }

    private mutating func receive(
        _ head: BatchHead, _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> [ClientEvent] {
        if head.part == 0 { dropStaged() }
        guard head.part == staged.count else {
            throw WireError(.gap, "part \(head.part) of the batch for tick \(head.tick) after part \(staged.count)")
        }
        guard head.base <= standing else {
            throw WireError(
                .gap, "a batch from tick \(head.base) to \(head.tick), but this client stands at \(standing)")
        }
        guard head.tick >= standing else {
            throw WireError(.protocolError, "a batch for tick \(head.tick) after tick \(standing)")
        }
        receivedByteCount += UInt64(bytes.count)
        serverTick = max(serverTick, head.tick)
        if !head.isWhole {
            let size = bytes.count + Self.stagedPartOverhead
            guard stagedSize + size <= configuration.stagedSizeMax else {
                throw WireError(
                    .policyViolation,
                    "an unfinished batch is longer than stagedSizeMax, \(configuration.stagedSizeMax) bytes; raise it, or "
                        + "subscribe to less")
            }
            staged.append(Array(bytes))
            stagedSize += size
            acknowledge()
            return []
        }
        var batch = AppliedBatch(
            epoch: epoch, schemas: tableSchemas, base: replacement == nil ? tick : .zero, tick: head.tick)
        replaceStore(&batch)
        isApplying = true
        // The store may be told of the same tick twice: when a subscription is added between two ticks.
        store.advance(to: head.tick)
        let parts = staged
        dropStaged()
        for part in parts {
            let result = part.withUnsafeBytes { part in
                Result { () throws(WireError) in try apply(part, to: &batch) }
            }
            try result.get()
        }
        try apply(bytes, to: &batch)
        // Not before all is applied: what loses its last component may be given another one further on.
        for entity in batch.bareCandidates { forgetIfBare(entity) }
        isApplying = false
        tick = head.tick
        acknowledge()
        return [.applied(batch)]
    }

    mutating func dropStaged() {
        staged.removeAll()
        stagedSize = 0
    }

    private mutating func acknowledge() {
        outgoing.append(ClientMessage.acknowledge(standing, receivedByteCount: receivedByteCount).encoded())
    }
}
