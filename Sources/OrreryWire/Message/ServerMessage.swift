import OrreryQuery
package import OrrerySchema
package import OrreryStore
package import OrreryTransport

/// The server's first message after a successful handshake: the world, and what clients can subscribe to.
package struct Welcome: Hashable, Sendable {
    package var version: Int
    package var revision: Revision
    /// Ticks in 1000 seconds.
    package var ticksPer1000Seconds: Int
    package var limits: ServerLimits
    /// The component table, numbers ascending. The schemas are separate.
    package var components: [ComponentTable.Entry]
    /// The schemas that the client did not list as known.
    package var schemas: [EncodedSchema]
    package var session: SessionGrant
    /// Capabilities of the server beyond docs/PROTOCOL.md.
    package var capabilities: [Capability]

    package init(
        version: Int = WireProtocol.version, revision: Revision, ticksPer1000Seconds: Int,
        limits: ServerLimits = .init(), components: [ComponentTable.Entry], schemas: [EncodedSchema],
        session: SessionGrant = SessionGrant(), capabilities: [Capability] = []
    ) {
        self.version = version
        self.revision = revision
        self.ticksPer1000Seconds = ticksPer1000Seconds
        self.limits = limits
        self.components = components
        self.schemas = schemas
        self.session = session
        self.capabilities = capabilities
    }
}

/// What the server grants a session at its beginning.
package struct SessionGrant: Hashable, Sendable {
    /// Whether a client goes on from its last state.
    package enum Resumption: UInt8, Sendable {
        /// The client did not ask to resume.
        case fresh = 0
        /// The changes since the client's revision follow.
        case resumed = 1
        /// This is another life of the world: everything that the client shows is void.
        case otherEpoch = 2
        /// The client names a tick that this world has not reached.
        case unknownTick = 3
        /// The client sees the world with other eyes now: all that it shows is void, but entities are the same.
        case otherClass = 4
    }

    /// Proves, at the next connection, that this is the same client. Keep it secret. It replaces the previous token.
    package var token: [UInt8]
    package var resumption: Resumption
    /// Whether the server knew the token that the client sent: it then recognises mutations that the client sends
    /// again.
    package var isKnownClient: Bool
    /// Whether clients may spawn entities at all.
    package var maySpawn: Bool
    /// Whether clients may despawn entities at all.
    package var mayDespawn: Bool
    /// The client's number in this life of the world, counted from 1; 0 if the server does not say it.
    package var client: UInt64
    /// What the client may do: 1 observe, 2 control.
    package var rights: UInt8

    package init(
        token: [UInt8] = [], resumption: Resumption = .fresh, isKnownClient: Bool = false, maySpawn: Bool = false,
        mayDespawn: Bool = false, client: UInt64 = 0, rights: UInt8 = 3
    ) {
        self.token = token
        self.resumption = resumption
        self.isKnownClient = isKnownClient
        self.maySpawn = maySpawn
        self.mayDespawn = mayDespawn
        self.client = client
        self.rights = rights
    }
}

/// A message from a server.
package enum ServerMessage: Hashable, Sendable {
    case welcome(Welcome)
    /// The answer to `subscribe`, and to a subscription that a `Hello` resumes. If it is granted, a batch follows with
    /// everything that matches.
    case subscribeResponse(SubscriptionID, SubscribeOutcome)
    /// The answer to `unsubscribe`: cells that no other subscription asks for are no longer sent.
    case unsubscribeResponse(SubscriptionID, Refusal?)
    /// The world has reached this tick; `isCurrent` says that the client has been sent everything up to it.
    case heartbeat(Tick, isCurrent: Bool)
    /// Outcomes of one or more mutations. An outcome is sent once the client was sent everything up to the tick of the
    /// effect.
    case mutationResponse([MutationAnswer])
    /// The answer to a query, or a part of it.
    case queryResponse(QueryID, QueryResponse)
    case verifyResponse(SubscriptionID, VerifyOutcome)
    /// A batch or a part of one. Its sections follow in the bytes: see ``BatchReader``.
    case syncBatch(BatchHead)
}

/// First byte of a message from a server.
enum ServerMessageKind {
    static let welcome: UInt8 = 0x81
    static let subscribeResponse: UInt8 = 0x82
    static let unsubscribeResponse: UInt8 = 0x83
    static let syncBatch: UInt8 = 0x84
    static let heartbeat: UInt8 = 0x85
    static let mutationResponse: UInt8 = 0x86
    static let queryResponse: UInt8 = 0x87
    static let verifyResponse: UInt8 = 0x88
}

private enum WelcomeSection {
    static let limits: UInt8 = 1
    static let components: UInt8 = 2
    static let schema: UInt8 = 3
    static let session: UInt8 = 4
    static let capabilities: UInt8 = 5
}

extension ServerMessage {
    /// The answer to one mutation.
    package static func mutationResponse(_ sequence: MutationSequence, _ outcome: MutationOutcome) -> ServerMessage {
        .mutationResponse([MutationAnswer(sequence: sequence, outcome: outcome)])
    }

    /// - Parameter limits: The sizes to which reasons and values are cut.
    /// - Precondition: Not a batch; ``BatchSections`` writes those. A part of an answer has no entities and values.
    package func encoded(_ limits: WireLimits = .init()) -> [UInt8] {
        var writer = ByteWriter()
        write(to: &writer, limits)
        return writer.bytes
    }

    /// The same bytes, written into memory of a transport.
    package func frame(_ limits: WireLimits, in pool: inout FramePool) -> Frame {
        pool.frame(writing: 0) { write(to: &$0, limits) }
    }

    private func write(to writer: inout ByteWriter, _ limits: WireLimits) {
        switch self {
        case .welcome(let welcome): writer.append(welcome)
        case .subscribeResponse(let id, let outcome):
            writer.append(ServerMessageKind.subscribeResponse)
            writer.append(id, outcome, limits)
        case .unsubscribeResponse(let id, let refusal):
            writer.append(ServerMessageKind.unsubscribeResponse)
            writer.append(id, refusal, limits)
        case .heartbeat(let tick, let isCurrent):
            writer.append(ServerMessageKind.heartbeat)
            writer.appendLane()
            writer.append(varint: tick.rawValue)
            writer.append(isCurrent ? 1 : 0)
        case .mutationResponse(let answers):
            writer.append(ServerMessageKind.mutationResponse)
            writer.append(varint: answers.count)
            for answer in answers { writer.append(answer, limits: limits) }
        case .queryResponse(let id, let response): writer.append(id, response, limits)
        case .verifyResponse(let id, let outcome): writer.append(id, outcome, limits)
        case .syncBatch: preconditionFailure("a batch is written by BatchSections")
        }
    }

    /// - Throws: ``WireError`` for any bytes that are not a message of a server. Any input is safe: bytes can have no
    ///   other effect.
    package init(decoding bytes: UnsafeRawBufferPointer, limits: WireLimits) throws(WireError) {
        var reader = ByteReader(bytes)
        do throws(CodecError) {
            switch try reader.readByte() {
            case ServerMessageKind.welcome:
                self = .welcome(try reader.readWelcome(limits: limits))
                return
            case ServerMessageKind.subscribeResponse:
                let id = try reader.readSubscription()
                self = .subscribeResponse(id, try reader.readSubscribeOutcome(limits: limits))
                return
            case ServerMessageKind.unsubscribeResponse:
                self = .unsubscribeResponse(try reader.readSubscription(), try reader.readRefusal(limits: limits))
            case ServerMessageKind.heartbeat:
                try reader.readLane()
                let tick = Tick(try reader.readVarint())
                self = .heartbeat(tick, isCurrent: try reader.readFlag())
            case ServerMessageKind.mutationResponse:
                self = .mutationResponse(try reader.readAnswers(limits: limits))
            case ServerMessageKind.queryResponse:
                let (id, response) = try reader.readQueryResponse(limits: limits)
                self = .queryResponse(id, response)
                return
            case ServerMessageKind.verifyResponse:
                let id = try reader.readSubscription()
                self = .verifyResponse(id, try reader.readVerifyOutcome(limits: limits))
            case ServerMessageKind.syncBatch:
                self = .syncBatch(try reader.readBatchHead())
                return
            case let kind:
                throw CodecError(.unknownReference, "\(kind) is no kind of message from a server")
            }
            try reader.readSectionsOrFail()
        } catch {
            throw WireError(error, in: "a message from the server")
        }
    }
}

extension ByteWriter {
    fileprivate mutating func append(_ welcome: Welcome) {
        append(ServerMessageKind.welcome)
        append(varint: welcome.version)
        append(integer: welcome.revision.epoch.rawValue)
        append(varint: welcome.revision.tick.rawValue)
        append(varint: welcome.ticksPer1000Seconds)
        appendSection(WelcomeSection.limits) { welcome.limits.append(to: &$0) }
        appendSection(WelcomeSection.components) { $0.append(welcome.components) }
        appendSection(WelcomeSection.session) {
            $0.append(sized: welcome.session.token)
            $0.append(welcome.session.resumption.rawValue)
            $0.append(welcome.session.isKnownClient ? 1 : 0)
            $0.append(welcome.session.maySpawn ? 1 : 0)
            $0.append(welcome.session.mayDespawn ? 1 : 0)
            $0.append(varint: welcome.session.client)
            $0.append(welcome.session.rights)
        }
        if !welcome.capabilities.isEmpty {
            appendSection(WelcomeSection.capabilities) { $0.append(welcome.capabilities) }
        }
        for schema in welcome.schemas {
            appendSection(WelcomeSection.schema) { $0.append(contentsOf: schema.bytes) }
        }
    }

    mutating func append(_ id: SubscriptionID, _ refusal: Refusal?, _ limits: WireLimits) {
        append(varint: UInt64(id.rawValue))
        if let refusal { append(refusal, limits) } else { append(0) }
    }

    mutating func append(_ refusal: Refusal, _ limits: WireLimits) {
        append(refusal.code.rawValue)
        append(reason: refusal.reason, sizeMax: limits.reasonSizeMax)
    }
}

extension ByteReader {
    fileprivate mutating func readWelcome(limits: WireLimits) throws(CodecError) -> Welcome {
        var welcome = Welcome(
            version: try readCount(max: 1 << 16, "a version"),
            revision: Revision(epoch: Epoch(try read(UInt64.self)), tick: Tick(try readVarint())),
            ticksPer1000Seconds: try readCount(max: 1_000_000_000, "the tick rate"), components: [], schemas: [])
        try readSectionsOrFail(repeated: WelcomeSection.schema...WelcomeSection.schema) {
            (number, content) throws(CodecError) in
            switch number {
            case WelcomeSection.limits: welcome.limits = try ServerLimits(reading: &content)
            case WelcomeSection.components: welcome.components = try content.readEntries(limits: limits)
            case WelcomeSection.schema:
                guard welcome.schemas.count < limits.componentCountMax else {
                    throw CodecError(
                        .limitExceeded, at: content.offset, "more than \(limits.componentCountMax) schemas")
                }
                welcome.schemas.append(try content.readSchema())
            case WelcomeSection.session: welcome.session = try content.readSessionGrant(limits: limits)
            case WelcomeSection.capabilities: welcome.capabilities = try content.readCapabilities(limits: limits)
            default: return false
            }
            return true
        }
        return welcome
    }

    /// The bytes of a schema, up to the end.
    mutating func readSchema() throws(CodecError) -> EncodedSchema {
        EncodedSchema(Array(try readBytes(remaining)))
    }

    private mutating func readSessionGrant(limits: WireLimits) throws(CodecError) -> SessionGrant {
        let token = try readToken(limits: limits)
        let byte = try readByte()
        guard let resumption = SessionGrant.Resumption(rawValue: byte) else {
            throw CodecError(.outOfDomain, at: offset - 1, "\(byte) is no kind of resumption")
        }
        return SessionGrant(
            token: token, resumption: resumption, isKnownClient: try readFlag(), maySpawn: try readFlag(),
            mayDespawn: try readFlag(), client: try readVarint(), rights: try readByte())
    }

    mutating func readRefusal(limits: WireLimits) throws(CodecError) -> Refusal? {
        let code = RefusalCode(rawValue: try readByte())
        guard code.rawValue != 0 else { return nil }
        return Refusal(code, try readString(byteCountMax: limits.reasonSizeMax))
    }

    mutating func readFlag() throws(CodecError) -> Bool {
        let byte = try readByte()
        guard byte <= 1 else { throw CodecError(.outOfDomain, at: offset - 1, "a flag is \(byte), not 0 or 1") }
        return byte == 1
    }
}
