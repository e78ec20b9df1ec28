package import OrreryQuery
package import OrrerySchema
package import OrreryStore
import OrreryTransport
package import OrreryWire

/// The events that the client core reports to its owner, in order.
package enum ClientEvent: Sendable {
    case welcomed(Welcome)
    case subscribed(SubscriptionID)
    /// The subscription is over: it was refused at once, or at a reconnection.
    case refused(SubscriptionID, Refusal, QueryError? = nil)
    case unsubscribed(SubscriptionID)
    /// The shown state has changed: the store is at the batch's tick.
    case applied(AppliedBatch)
    /// A mutation has its outcome.
    case mutated(MutationSequence, MutationOutcome)
    case answered(QueryID, QueryAnswer)
    /// A one-shot query was refused.
    case unanswered(QueryID, Refusal, QueryError? = nil)
    /// What this client has of a subscription is what the server shows at this tick.
    case verified(SubscriptionID, Tick)
    /// It is not: the query of the subscription begins anew.
    case differs(SubscriptionID, StateDifference)
    /// The server did not say the hash: the subscription is over for it.
    case unverified(SubscriptionID, Refusal)
    /// The server's world has reached this tick; `isCurrent` says that the store has the state of that tick.
    case heartbeat(Tick, isCurrent: Bool)
    /// The server sent something that it must not send. Nothing is applied from here on or, after `CloseCode.gap`,
    /// until a new connection.
    case failed(WireError)
}

/// The client's half of the protocol without I/O: bytes in, events and bytes out.
///
/// Parts of a batch are staged and applied together at its end: the store never shows half a tick.
///
/// Not `Sendable`: it belongs to one thread, or to the holder of its lock.
package struct SyncClient {
    enum Phase: Equatable {
        case awaitingWelcome, ready, failed
        /// A batch is missing: nothing more is applied on this connection, but the next one may go on from here.
        case interrupted
    }

    /// Another life of the world, of which nothing has arrived yet. The client is at `tick` of it, and still shows the
    /// last state of the old one.
    struct NextLife {
        var table: ComponentTable
        var reset: AppliedBatch.Reset
        var tick: Tick
    }

    package let configuration: SyncClientConfiguration
    package internal(set) var welcome: Welcome?
    /// The tick whose state the store shows.
    package internal(set) var tick = Tick.zero
    /// The newest tick of the server that this client knows of.
    package internal(set) var serverTick = Tick.zero
    var applier: BatchApplier
    /// A subscription that was asked for, and is not over.
    struct Request {
        var query: QueryRequest
        /// The life of the world that was shown when it was made; `nil` if none was.
        let epoch: Epoch?
        /// The subscription that ends when this one starts.
        var replaces: SubscriptionID?
    }

    /// The requested subscriptions.
    var requests: [SubscriptionID: Request] = [:]
    /// Subscriptions that go on from an earlier connection, and that the server has not described yet.
    var resuming: Set<SubscriptionID> = []
    /// Subscriptions whose end was requested and not answered.
    var unsubscribing: Set<SubscriptionID> = []
    /// One-shot queries without an answer yet.
    var askedQueries: [QueryID: AskedQuery] = [:]
    /// The answer that is arriving: one at a time.
    var arrivingAnswer: ArrivingAnswer?
    var nextQuery: UInt32 = 1
    /// Subscriptions whose hash was asked for and not answered yet.
    var verifying: Set<SubscriptionID> = []
    /// The one that was verified last by ``verifyNext()``.
    var lastVerified = SubscriptionID(0)
    /// Mutations without an outcome yet, in order.
    package internal(set) var pendingMutations: [PendingMutation] = []
    var nextMutation: UInt64 = 1
    /// Set from a reset until the first whole batch of the new life.
    var nextLife: NextLife?
    /// The end of what the observed queries showed in the life that is over.
    var endedQueries: [Int: QueryChanges] = [:]
    let clientName: String
    var phase = Phase.awaitingWelcome
    private var staged: [[UInt8]] = []
    private var stagedSize = 0
    var receivedByteCount: UInt64 = 0
    var nextSubscription: UInt32 = 1
    var outgoing: [[UInt8]] = []

    /// Bytes that a staged part takes besides its content.
    static let stagedPartOverhead = 64

    /// - Parameter knownSchemas: Schemas from an earlier connection, which the server need not send.
    package init(
        clientName: String, configuration: SyncClientConfiguration = .init(), knownSchemas: [ComponentSchema] = []
    ) {
        self.clientName = clientName
        self.configuration = configuration
        applier = BatchApplier(configuration, knownSchemas: knownSchemas)
        sayHello()
    }

    /// The rows and components of the server. Empty until its welcome. The same object in all lives of the world.
    package var store: ComponentStore { applier.store }

    /// Whether applied batches list their changes. Costs a copy of each changed value.
    package var recordsChanges: Bool {
        get { applier.recordsChanges }
        set { applier.recordsChanges = newValue }
    }

    /// Takes the messages to send; each is returned once. The first is there from the beginning.
    package mutating func takeOutgoing() -> [[UInt8]] {
        defer { outgoing.removeAll() }
        return outgoing
    }

    /// The shown state, as one batch of changes with the cause `entered`.
    /// - Parameters:
    ///   - components: The names of the components to list; `nil` for all, and for the entities themselves.
    ///   - entities: The entities to list; `nil` for all.
    /// - Complexity: O(listed cells).
    package func shownBatch(of components: Set<String>? = nil, entities: Set<Entity>? = nil) -> AppliedBatch {
        var batch = AppliedBatch(epoch: shownEpoch, base: .zero, tick: tick)
        batch.list = applier.shown(of: components, entities)
        return batch
    }

    package var occupancies: [Occupancy] {
        [
            Occupancy("staged bytes of \(clientName)", stagedSize, limit: configuration.stagedSizeMax),
            Occupancy(
                "pending mutations of \(clientName)", pendingMutations.count, limit: configuration.pendingMutationMax),
            Occupancy(
                "schemas known to \(clientName)", applier.schemas.count,
                limit: configuration.limits.componentCountMax + configuration.limits.knownSchemaCountMax),
        ]
    }

    /// Whether there is a connection on which the server has welcomed this client.
    package var isWelcomed: Bool { phase == .ready }

    // MARK: Receiving

    /// Handles a message.
    /// - Returns: The events, in order. After `failed`, the connection must be closed with its code.
    package mutating func receive(_ bytes: UnsafeRawBufferPointer) -> [ClientEvent] {
        guard phase != .failed, phase != .interrupted else { return [] }
        do throws(WireError) {
            return try handle(ServerMessage(decoding: bytes, limits: configuration.limits), bytes)
        } catch {
            // A batch that does not fit was not applied at all.
            phase = error.closeCode == .gap ? .interrupted : .failed
            dropStaged()
            return [.failed(error)]
        }
    }

    private mutating func handle(
        _ message: ServerMessage, _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> [ClientEvent] {
        switch (phase, message) {
        case (.awaitingWelcome, .welcome(let welcome)):
            return try begin(welcome)
        case (.ready, .subscribeResponse(let id, let outcome)):
            return try receiveAnswer(to: id, outcome)
        case (.ready, .unsubscribeResponse(let id, let refusal)):
            guard unsubscribing.remove(id) != nil else {
                throw WireError(.protocolError, "an answer to the end of subscription \(id), which was not asked for")
            }
            // A refusal says that the subscription was over before: its Subscribe was refused.
            return refusal == nil ? forget(id) : [.unsubscribed(id)]
        case (.ready, .heartbeat(let tick, let isCurrent)):
            return try receiveHeartbeat(tick, isCurrent: isCurrent)
        case (.ready, .mutationResponse(let answers)):
            var events: [ClientEvent] = []
            for answer in answers { events += try receiveOutcome(answer.sequence, answer.outcome) }
            return events
        case (.ready, .queryResponse(let id, let response)): return try receive(response, to: id, bytes)
        case (.ready, .verifyResponse(let id, let outcome)): return try receive(outcome, for: id)
        case (.ready, .syncBatch(let head)): return try receive(head, bytes)
        case (.awaitingWelcome, _): throw WireError(.protocolError, "the server's first message must be Welcome")
        case (_, .welcome): throw WireError(.protocolError, "a second Welcome")
        case (.failed, _), (.interrupted, _): return []
        }
    }

    private mutating func receiveAnswer(
        to id: SubscriptionID, _ outcome: SubscribeOutcome
    ) throws(WireError) -> [ClientEvent] {
        guard requests[id] != nil else {
            throw WireError(.protocolError, "an answer to subscription \(id), which does not exist")
        }
        let goesOn = resuming.remove(id) != nil
        // A refusal after that is its end: the server goes on with it no more.
        if case .granted = outcome, !goesOn, applier.granted[id] != nil {
            throw WireError(.protocolError, "a second answer to subscription \(id)")
        }
        switch outcome {
        case .granted(let query):
            applier.grant(id, query)
            return goesOn ? [] : [.subscribed(id)]
        case .refused(let refusal, let error):
            requests[id] = nil
            return leaving(applier.forget(id)) + [.refused(id, refusal, error)]
        }
    }

    private mutating func receiveHeartbeat(_ tick: Tick, isCurrent: Bool) throws(WireError) -> [ClientEvent] {
        guard tick >= reachedTick else {
            throw WireError(.protocolError, "a heartbeat of tick \(tick) after tick \(reachedTick)")
        }
        serverTick = max(serverTick, tick)
        // Every heartbeat is answered: this shows the server that the client is there.
        defer { acknowledge() }
        // A void state is replaced in a world that stands still, too.
        guard isCurrent, staged.isEmpty, tick > reachedTick || nextLife != nil && tick > .zero else {
            return [.heartbeat(tick, isCurrent: isCurrent)]
        }
        // The server owes nothing up to that tick. The replacement of a void state waits for the requested
        // subscriptions.
        if nextLife != nil, !requests.isEmpty {
            nextLife?.tick = tick
            return [.heartbeat(tick, isCurrent: true)]
        }
        var batch = makeBatch(for: tick)
        beginNextLife(&batch)
        self.tick = tick
        return [.heartbeat(tick, isCurrent: true), .applied(batch)]
    }

    private func makeBatch(for tick: Tick) -> AppliedBatch {
        AppliedBatch(epoch: epoch, base: nextLife == nil ? self.tick : .zero, tick: tick)
    }

    /// The tick up to which this client has everything, shown or not.
    package var reachedTick: Tick { nextLife?.tick ?? tick }

    /// Whether the server began anew and nothing of its new life has arrived yet: the store shows the last state of the
    /// old one.
    package var isShowingVoidState: Bool { nextLife != nil }

    /// The life of the world whose state is in ``store``.
    package internal(set) var shownEpoch = Epoch(0)

    /// The components of the server that this client is connected to. They equal those of ``store`` except during a
    /// reset.
    package var table: ComponentTable { nextLife?.table ?? store.table }

    /// The life of the world that is shown, or is about to be.
    package var epoch: Epoch { welcome?.revision.epoch ?? Epoch(0) }

    private mutating func receive(
        _ head: BatchHead, _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> [ClientEvent] {
        if head.part == 0 { dropStaged() }
        guard head.part == staged.count else {
            throw WireError(.gap, "part \(head.part) of the batch for tick \(head.tick) after part \(staged.count)")
        }
        guard head.base <= reachedTick else {
            throw WireError(
                .gap, "a batch from tick \(head.base) to \(head.tick), but this client stands at \(reachedTick)")
        }
        guard head.tick >= reachedTick else {
            throw WireError(.protocolError, "a batch for tick \(head.tick) after tick \(reachedTick)")
        }
        receivedByteCount += UInt64(bytes.count)
        serverTick = max(serverTick, head.tick)
        if !head.isWhole {
            let size = bytes.count + Self.stagedPartOverhead
            guard stagedSize + size <= configuration.stagedSizeMax else {
                throw WireError(
                    .policyViolation,
                    "an unfinished batch is longer than stagedSizeMax, \(configuration.stagedSizeMax) bytes; "
                        + "raise it, or subscribe to less")
            }
            staged.append(Array(bytes))
            stagedSize += size
            acknowledge()
            return []
        }
        var batch = makeBatch(for: head.tick)
        beginNextLife(&batch)
        let messages = staged + [Array(bytes)]
        dropStaged()
        do throws(WireError) {
            try applier.apply(messages, into: &batch)
        } catch {
            // A half-applied batch is never shown.
            store.reset(store.table)
            throw error
        }
        tick = head.tick
        if head.asksToAcknowledge { acknowledge() }
        return [.applied(batch)] + batch.started.flatMap { endReplaced(by: $0) }
    }

    /// The first state of a new life replaces what is shown, as part of the batch that brings it.
    private mutating func beginNextLife(_ batch: inout AppliedBatch) {
        guard let next = nextLife else { return }
        batch.reset = next.reset
        batch.queries = endedQueries
        endedQueries = [:]
        batch.ended = applier.reset(next.table)
        shownEpoch = epoch
        nextLife = nil
    }

    /// Whether a message that begins so shows that something before it was left out.
    package func misses(_ head: BatchHead) -> Bool {
        head.part > 0 ? head.part != staged.count : head.base > reachedTick
    }

    mutating func dropStaged() {
        staged.removeAll()
        stagedSize = 0
    }

    mutating func acknowledge() {
        outgoing.append(ClientMessage.acknowledge(reachedTick, receivedByteCount: receivedByteCount).encoded())
    }
}
