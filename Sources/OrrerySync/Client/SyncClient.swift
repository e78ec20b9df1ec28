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
    /// The server's world has come to this tick; `isCurrent` says that the store is the state of it.
    case heartbeat(Tick, isCurrent: Bool)
    /// The server said something that it must not say. Nothing is applied from here on.
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
    }

    public let limits: WireLimits
    /// Bytes of parts that may wait for the end of their batch. Beyond it the connection fails.
    public let stagedSizeMax: Int
    /// The rows and schemas of the server. Empty until the server's welcome.
    public internal(set) var store = ComponentStore(schemas: [])
    public private(set) var welcome: Welcome?
    /// The tick whose state the store shows.
    public internal(set) var tick = Tick.zero
    /// The newest tick of the server that this client heard of.
    public private(set) var serverTick = Tick.zero
    /// Whether applied batches list their changes. Costs a copy of each changed value.
    public var recordsChanges = false
    var selections: [SubscriptionID: Selection] = [:]
    var started: Set<SubscriptionID> = []
    private let clientName: String
    private var knownSchemas: [SchemaHash: ComponentSchema]
    private var phase = Phase.awaitingWelcome
    private var staged: [[UInt8]] = []
    private var stagedSize = 0
    private var receivedByteCount: UInt64 = 0
    private var nextSubscription: UInt32 = 1
    private var outgoing: [[UInt8]] = []

    /// - Parameter knownSchemas: schemas that need not be sent, from an earlier connection.
    public init(
        clientName: String, limits: WireLimits = WireLimits(), stagedSizeMax: Int = 256 << 20,
        knownSchemas: [ComponentSchema] = []
    ) {
        self.clientName = clientName
        self.limits = limits
        self.stagedSizeMax = stagedSizeMax
        self.knownSchemas = Dictionary(knownSchemas.map { ($0.hash, $0) }) { first, _ in first }
        let hello = ClientMessage.hello(
            versions: WireProtocol.version...WireProtocol.version, clientName: clientName,
            knownSchemas: knownSchemas.prefix(limits.knownSchemaCountMax).map(\.hash))
        outgoing.append(hello.encoded())
    }

    /// The messages to send, once. The first is there from the beginning.
    public mutating func takeOutgoing() -> [[UInt8]] {
        defer { outgoing.removeAll() }
        return outgoing
    }

    /// Asks for cells. The answer comes as `subscribed` or `refused`, their first state with a batch that lists them as `started`.
    /// - Precondition: the server has welcomed this client.
    public mutating func subscribe(_ selection: Selection) -> SubscriptionID {
        let id = SubscriptionID(nextSubscription)
        nextSubscription += 1
        selections[id] = selection
        outgoing.append(ClientMessage.subscribe(id, selection).encoded())
        return id
    }

    /// What this client is kept up to date on: the subscriptions whose first state is in the store.
    package var startedSelections: [Selection] {
        selections.filter { started.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Asks no longer for cells. They leave the store with the answer, `unsubscribed`.
    public mutating func unsubscribe(_ id: SubscriptionID) {
        outgoing.append(ClientMessage.unsubscribe(id).encoded())
    }

    /// A message came.
    /// - Returns: what is to be told, in order. After `failed` the connection is to be closed with its code.
    public mutating func receive(_ bytes: UnsafeRawBufferPointer) -> [ClientEvent] {
        guard phase != .failed else { return [] }
        do throws(WireError) {
            return try handle(ServerMessage(decoding: bytes, limits: limits), bytes)
        } catch {
            phase = .failed
            dropStaged()
            return [.failed(error)]
        }
    }

    private mutating func handle(
        _ message: ServerMessage, _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> [ClientEvent] {
        switch (phase, message) {
        case (.awaitingWelcome, .welcome(let welcome)):
            try begin(welcome)
            return [.welcomed(welcome)]
        case (.ready, .subscribeResponse(let id, let refusal)):
            guard selections[id] != nil else {
                throw WireError(.protocolError, "an answer to subscription \(id), which does not exist")
            }
            guard let refusal else { return [.subscribed(id)] }
            selections[id] = nil
            return [.refused(id, refusal)]
        case (.ready, .unsubscribeResponse(let id, let refusal)):
            if refusal == nil {
                selections[id] = nil
                started.remove(id)
                dropStaged()
                dropUncovered()
            }
            return [.unsubscribed(id, refusal)]
        case (.ready, .heartbeat(let tick, let isCurrent)):
            guard tick >= self.tick else {
                throw WireError(.protocolError, "a heartbeat of tick \(tick) after tick \(self.tick)")
            }
            serverTick = max(serverTick, tick)
            guard isCurrent, staged.isEmpty, tick > self.tick else { return [.heartbeat(tick, isCurrent: isCurrent)] }
            // Nothing is owed up to that tick: a batch without content.
            let batch = AppliedBatch(base: self.tick, tick: tick)
            self.tick = tick
            acknowledge()
            return [.heartbeat(tick, isCurrent: true), .applied(batch)]
        case (.ready, .syncBatch(let head)): return try receive(head, bytes)
        case (.awaitingWelcome, _): throw WireError(.protocolError, "the server's first message must be Welcome")
        case (_, .welcome): throw WireError(.protocolError, "a second Welcome")
        case (.failed, _): return []
        }
    }

    private mutating func begin(_ welcome: Welcome) throws(WireError) {
        guard welcome.version == WireProtocol.version else {
            throw WireError(.unsupportedVersion, "the server chose version \(welcome.version)")
        }
        for schema in welcome.schemas { knownSchemas[schema.hash] = schema }
        var schemas: [ComponentSchema] = []
        for component in welcome.components {
            guard let schema = knownSchemas[component.schemaHash], schema.name == component.name else {
                throw WireError(.protocolError, "the schema of component '\(component.name)' was not sent")
            }
            schemas.append(schema)
        }
        guard Set(schemas.map(\.name)).count == schemas.count else {
            throw WireError(.protocolError, "two components have one name")
        }
        self.welcome = welcome
        store = ComponentStore(schemas: schemas)
        serverTick = welcome.revision.tick
        phase = .ready
    }

    private mutating func receive(
        _ head: BatchHead, _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> [ClientEvent] {
        if head.part == 0 { dropStaged() }
        guard head.part == staged.count else {
            throw WireError(.gap, "part \(head.part) of the batch for tick \(head.tick) after part \(staged.count)")
        }
        guard head.base <= tick else {
            throw WireError(.gap, "a batch from tick \(head.base) to \(head.tick), but this client stands at \(tick)")
        }
        guard head.tick >= tick else {
            throw WireError(.protocolError, "a batch for tick \(head.tick) after tick \(tick)")
        }
        receivedByteCount += UInt64(bytes.count)
        serverTick = max(serverTick, head.tick)
        if !head.isWhole {
            guard stagedSize + bytes.count <= stagedSizeMax else {
                throw WireError(.policyViolation, "an unfinished batch exceeds the limit of \(stagedSizeMax) bytes")
            }
            staged.append(Array(bytes))
            stagedSize += bytes.count
            acknowledge()
            return []
        }
        // The store may be told of the same tick twice: when a subscription is added between two ticks.
        store.advance(to: head.tick)
        var batch = AppliedBatch(base: tick, tick: head.tick)
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
        tick = head.tick
        acknowledge()
        return [.applied(batch)]
    }

    private mutating func dropStaged() {
        staged.removeAll()
        stagedSize = 0
    }

    private mutating func acknowledge() {
        outgoing.append(ClientMessage.acknowledge(tick, receivedByteCount: receivedByteCount).encoded())
    }
}
