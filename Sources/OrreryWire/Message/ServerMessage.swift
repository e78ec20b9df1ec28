public import OrrerySchema
import OrreryStore

/// What a server says when the handshake has succeeded: which world this is, and what can be subscribed to.
public struct Welcome: Hashable, Sendable {
    /// One line of the component table. Its position is the component's ``ColumnID``.
    public struct Component: Hashable, Sendable {
        public var name: String
        public var schemaHash: SchemaHash
        /// Whether clients may write it at all; the world's rules may still say no.
        public var isWritable: Bool

        public init(name: String, schemaHash: SchemaHash, isWritable: Bool = false) {
            self.name = name
            self.schemaHash = schemaHash
            self.isWritable = isWritable
        }
    }

    public var version: Int
    public var revision: Revision
    /// Ticks in 1000 seconds.
    public var ticksPer1000Seconds: Int
    /// The longest message that the server takes, in bytes.
    public var messageSizeMax: Int
    /// Unacknowledged bytes at which the server stops sending.
    public var windowSize: Int
    public var components: [Component]
    /// The schemas that the client did not say it knows.
    public var schemas: [ComponentSchema]
    public var session: SessionGrant
    /// Whether clients may make entities at all.
    public var maySpawn: Bool
    public var mayDespawn: Bool

    public init(
        version: Int = WireProtocol.version, revision: Revision, ticksPer1000Seconds: Int, messageSizeMax: Int,
        windowSize: Int, components: [Component], schemas: [ComponentSchema],
        session: SessionGrant = SessionGrant(token: [], resumption: .fresh, isKnownClient: false),
        maySpawn: Bool = false, mayDespawn: Bool = false
    ) {
        self.version = version
        self.revision = revision
        self.ticksPer1000Seconds = ticksPer1000Seconds
        self.messageSizeMax = messageSizeMax
        self.windowSize = windowSize
        self.components = components
        self.schemas = schemas
        self.session = session
        self.maySpawn = maySpawn
        self.mayDespawn = mayDespawn
    }
}

/// What a session is given at its beginning.
public struct SessionGrant: Hashable, Sendable {
    /// Whether a client goes on where it was.
    public enum Resumption: UInt8, Sendable {
        /// The client did not ask to.
        case fresh = 0
        /// What changed since the client's revision follows.
        case resumed = 1
        /// This is another life of the world: all that the client shows is void.
        case otherEpoch = 2
        /// The client names a tick that this world has not come to.
        case unknownTick = 3
    }

    /// Proves, at the next connection, that this is the same client. To be kept secret. Replaces the one before.
    public var token: [UInt8]
    public var resumption: Resumption
    /// Whether the token that the client sent was known: mutations that it sends again are recognised.
    public var isKnownClient: Bool

    public init(token: [UInt8], resumption: Resumption, isKnownClient: Bool) {
        self.token = token
        self.resumption = resumption
        self.isKnownClient = isKnownClient
    }
}

/// Why a request was not granted.
public enum RefusalCode: UInt8, Sendable {
    /// No such entity is alive.
    case unknownEntity = 1
    /// No such component is in the table.
    case unknownComponent = 2
    /// The number of the subscription is taken, or not in use.
    case badSubscription = 3
    /// A limit of the session is reached.
    case limitReached = 4
}

/// A request that was not granted.
public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    public var code: RefusalCode
    public var reason: String

    public init(_ code: RefusalCode, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public var description: String { reason }
}

/// What a server says.
public enum ServerMessage: Hashable, Sendable {
    case welcome(Welcome)
    /// The answer to `subscribe`: no refusal means that a batch follows with everything that matches.
    case subscribeResponse(SubscriptionID, Refusal?)
    /// The answer to `unsubscribe`: what no other subscription asks for is no longer sent.
    case unsubscribeResponse(SubscriptionID, Refusal?)
    /// The world has come to this tick; `isCurrent` says that nothing up to it is owed.
    case heartbeat(Tick, isCurrent: Bool)
    /// The answer to `mutate`. Leaves once the client was sent everything up to the tick of the effect.
    case mutationResponse(MutationSequence, MutationOutcome)
    /// A batch or a part of one. Its sections follow in the bytes: see ``BatchReader``.
    case syncBatch(BatchHead)
}

/// First byte of a message from a server. 0x87 is reserved for `QueryResponse`.
enum ServerMessageKind {
    static let welcome: UInt8 = 0x81
    static let subscribeResponse: UInt8 = 0x82
    static let unsubscribeResponse: UInt8 = 0x83
    static let syncBatch: UInt8 = 0x84
    static let heartbeat: UInt8 = 0x85
    static let mutationResponse: UInt8 = 0x86
}

private enum WelcomeSection {
    static let components: UInt8 = 1
    static let schema: UInt8 = 2
    static let session: UInt8 = 3
}

extension ServerMessage {
    /// - Precondition: not a batch; those are written by ``BatchWriter``.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .welcome(let welcome): writer.append(welcome)
        case .subscribeResponse(let id, let refusal):
            writer.append(ServerMessageKind.subscribeResponse)
            writer.append(id, refusal)
        case .unsubscribeResponse(let id, let refusal):
            writer.append(ServerMessageKind.unsubscribeResponse)
            writer.append(id, refusal)
        case .heartbeat(let tick, let isCurrent):
            writer.append(ServerMessageKind.heartbeat)
            writer.append(varint: tick.rawValue)
            writer.append(isCurrent ? 1 : 0)
        case .mutationResponse(let sequence, let outcome):
            writer.append(ServerMessageKind.mutationResponse)
            writer.append(sequence, outcome)
        case .syncBatch: preconditionFailure("a batch is written by BatchWriter")
        }
        return writer.bytes
    }

    /// - Throws: ``WireError`` for anything that is no message of a server. Total: no bytes can do more than that.
    public init(decoding bytes: UnsafeRawBufferPointer, limits: WireLimits) throws(WireError) {
        var reader = ByteReader(bytes)
        do throws(CodecError) {
            switch try reader.readByte() {
            case ServerMessageKind.welcome:
                self = .welcome(try reader.readWelcome(limits: limits))
            case ServerMessageKind.subscribeResponse:
                self = .subscribeResponse(try reader.readSubscription(), try reader.readRefusal(limits: limits))
            case ServerMessageKind.unsubscribeResponse:
                self = .unsubscribeResponse(try reader.readSubscription(), try reader.readRefusal(limits: limits))
            case ServerMessageKind.heartbeat:
                let tick = Tick(try reader.readVarint())
                self = .heartbeat(tick, isCurrent: try reader.readFlag())
            case ServerMessageKind.mutationResponse:
                let (sequence, outcome) = try reader.readOutcome(limits: limits)
                self = .mutationResponse(sequence, outcome)
            case ServerMessageKind.syncBatch:
                self = .syncBatch(try reader.readBatchHead())
                return
            case let kind:
                throw CodecError(.unknownReference, "\(kind) is no kind of message from a server")
            }
            try reader.skipSections()
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
        append(varint: welcome.messageSizeMax)
        append(varint: welcome.windowSize)
        appendSection(WelcomeSection.components) {
            $0.append(varint: welcome.components.count)
            for component in welcome.components {
                $0.append(string: component.name)
                $0.append(integer: component.schemaHash.rawValue)
                $0.append(component.isWritable ? 1 : 0)
            }
        }
        appendSection(WelcomeSection.session) {
            $0.append(sized: welcome.session.token)
            $0.append(welcome.session.resumption.rawValue)
            $0.append(welcome.session.isKnownClient ? 1 : 0)
            $0.append(welcome.maySpawn ? 1 : 0)
            $0.append(welcome.mayDespawn ? 1 : 0)
        }
        for schema in welcome.schemas {
            appendSection(WelcomeSection.schema) { $0.append(contentsOf: schema.encoded) }
        }
    }

    fileprivate mutating func append(_ id: SubscriptionID, _ refusal: Refusal?) {
        append(varint: UInt64(id.rawValue))
        append(refusal?.code.rawValue ?? 0)
        if let refusal { append(string: refusal.reason) }
    }
}

extension ByteReader {
    fileprivate mutating func readWelcome(limits: WireLimits) throws(CodecError) -> Welcome {
        var welcome = Welcome(
            version: try readCount(max: 1 << 16, "a version"),
            revision: Revision(epoch: Epoch(try read(UInt64.self)), tick: Tick(try readVarint())),
            ticksPer1000Seconds: try readCount(max: 1_000_000_000, "the tick rate"),
            messageSizeMax: try readCount(max: 1 << 30, "the message size"),
            windowSize: try readCount(max: 1 << 40, "the window"),
            components: [], schemas: [])
        while !isAtEnd {
            let kind = try readByte()
            var section = try readSized()
            switch kind {
            case WelcomeSection.components:
                let room = limits.componentCountMax - welcome.components.count
                for _ in 0..<(try section.readCount(max: room, "components")) {
                    welcome.components.append(
                        .init(
                            name: try section.readString(byteCountMax: limits.schema.nameSizeMax),
                            schemaHash: SchemaHash(try section.read(UInt64.self)),
                            isWritable: try section.readFlag()))
                }
                try section.expectEnd()
            case WelcomeSection.schema:
                guard welcome.schemas.count < limits.componentCountMax else {
                    throw CodecError(
                        .limitExceeded, at: offset, "more than \(limits.componentCountMax) schemas")
                }
                welcome.schemas.append(try ComponentSchema(decoding: section.rest, limits: limits.schema))
            case WelcomeSection.session:
                welcome.session = try section.readSessionGrant(limits: limits)
                welcome.maySpawn = try section.readFlag()
                welcome.mayDespawn = try section.readFlag()
                try section.expectEnd()
            default: break
            }
        }
        return welcome
    }

    private mutating func readSessionGrant(limits: WireLimits) throws(CodecError) -> SessionGrant {
        let token = try readToken(limits: limits)
        let byte = try readByte()
        guard let resumption = SessionGrant.Resumption(rawValue: byte) else {
            throw CodecError(.outOfDomain, at: offset - 1, "\(byte) is no kind of resumption")
        }
        return SessionGrant(token: token, resumption: resumption, isKnownClient: try readFlag())
    }

    fileprivate mutating func readRefusal(limits: WireLimits) throws(CodecError) -> Refusal? {
        let byte = try readByte()
        guard byte != 0 else { return nil }
        guard let code = RefusalCode(rawValue: byte) else {
            throw CodecError(.outOfDomain, at: offset - 1, "\(byte) is no code of a refusal")
        }
        return Refusal(code, try readString(byteCountMax: limits.reasonSizeMax))
    }

    mutating func readFlag() throws(CodecError) -> Bool {
        let byte = try readByte()
        guard byte <= 1 else { throw CodecError(.outOfDomain, at: offset - 1, "a flag is \(byte), not 0 or 1") }
        return byte == 1
    }
}
