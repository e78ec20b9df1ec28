package import OrrerySchema
import OrreryStore

/// Identifies a subscription of one connection. The client chooses it, and uses it only once per connection.
package struct SubscriptionID: NumberedID {
    package let rawValue: UInt32

    package init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }
}

/// The first message of a client: its name, the versions it speaks, and what it already knows.
package struct Hello: Hashable, Sendable {
    /// The state of a client when it lost an earlier connection.
    package struct Resume: Hashable, Sendable {
        /// The state that the client shows.
        package var revision: Revision
        /// The token of the server's last welcome.
        package var token: [UInt8]
        /// Subscriptions of which the client has everything, as of that revision. If the server resumes, they continue,
        /// with one batch for all of them; if not, they are forgotten.
        package var subscriptions: [Subscription]

        package init(revision: Revision, token: [UInt8], subscriptions: [Subscription] = []) {
            self.revision = revision
            self.token = token
            self.subscriptions = subscriptions
        }

        package struct Subscription: Hashable, Sendable {
            package var id: SubscriptionID
            package var query: QueryRequest

            package init(_ id: SubscriptionID, _ query: QueryRequest) {
                self.id = id
                self.query = query
            }
        }
    }

    /// The versions of the protocol that the client speaks.
    package var versions: ClosedRange<Int>
    package var clientName: String
    /// Schemas that the server need not send.
    package var knownSchemas: [SchemaHash]
    package var resume: Resume?
    /// Capabilities of the client beyond docs/PROTOCOL.md.
    package var capabilities: [Capability]

    package init(
        versions: ClosedRange<Int> = WireProtocol.version...WireProtocol.version, clientName: String,
        knownSchemas: [SchemaHash] = [], resume: Resume? = nil, capabilities: [Capability] = []
    ) {
        self.versions = versions
        self.clientName = clientName
        self.knownSchemas = knownSchemas
        self.resume = resume
        self.capabilities = capabilities
    }
}

/// Identifies a client message that gets one answer.
package enum RequestID: Hashable, Sendable {
    case subscribe(SubscriptionID)
    case unsubscribe(SubscriptionID)
    case mutate(MutationSequence, Epoch)
    case query(QueryID)
    case verify(SubscriptionID)
}

/// A message from a client.
package enum ClientMessage: Hashable, Sendable {
    case hello(Hello)
    case subscribe(SubscriptionID, QueryRequest)
    /// A subscription in the place of another, which ends with the batch with which this one starts.
    case replace(SubscriptionID, by: SubscriptionID, QueryRequest)
    case unsubscribe(SubscriptionID)
    /// The client has applied everything up to this tick, and has processed this many bytes of batches since the
    /// handshake.
    case acknowledge(Tick, receivedByteCount: UInt64)
    case mutate(Mutation)
    case query(QueryID, OneShotQuery)
    /// The answer to a query is not wanted any more. If it has not left whole, it ends with a refusal.
    case cancelQuery(QueryID)
    /// Asks for the hash of what a subscription's query shows.
    case verify(SubscriptionID)
    /// The client does not have what the query of a subscription shows: it is to begin anew.
    case restart(SubscriptionID)
    /// A well-formed request that this reader must not act on: it does not know a part that must be understood.
    case refused(RequestID, Refusal)
}

/// First byte of a message from a client.
private enum Kind {
    static let hello: UInt8 = 1
    static let subscribe: UInt8 = 2
    static let unsubscribe: UInt8 = 3
    static let acknowledge: UInt8 = 4
    static let mutate: UInt8 = 5
    static let query: UInt8 = 6
    static let queryCancel: UInt8 = 7
    static let verify: UInt8 = 8
    static let restart: UInt8 = 9
    static let replace: UInt8 = 10
}

private enum HelloSection {
    static let knownSchemas: UInt8 = 1
    static let resume: UInt8 = 2
    static let capabilities: UInt8 = 3
}

extension ClientMessage {
    /// - Precondition: Not ``refused(_:_:)``, which only decoding makes.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .hello(let hello): writer.append(hello)
        case .subscribe(let id, let query):
            writer.append(Kind.subscribe)
            writer.append(varint: UInt64(id.rawValue))
            writer.append(query)
        case .replace(let old, let id, let query):
            writer.append(Kind.replace)
            writer.append(varint: UInt64(id.rawValue))
            writer.append(varint: UInt64(old.rawValue))
            writer.append(query)
        case .unsubscribe(let id):
            writer.append(Kind.unsubscribe)
            writer.append(varint: UInt64(id.rawValue))
        case .acknowledge(let tick, let receivedByteCount):
            writer.append(Kind.acknowledge)
            writer.appendLane()
            writer.append(varint: tick.rawValue)
            writer.append(varint: receivedByteCount)
        case .mutate(let mutation):
            writer.append(Kind.mutate)
            writer.append(mutation)
        case .query(let id, let query):
            writer.append(Kind.query)
            writer.append(varint: UInt64(id.rawValue))
            writer.append(query)
        case .cancelQuery(let id):
            writer.append(Kind.queryCancel)
            writer.append(varint: UInt64(id.rawValue))
        case .verify(let id):
            writer.append(Kind.verify)
            writer.append(varint: UInt64(id.rawValue))
        case .restart(let id):
            writer.append(Kind.restart)
            writer.append(varint: UInt64(id.rawValue))
        case .refused: preconditionFailure("a refused request is never written")
        }
        return writer.bytes
    }

    /// - Throws: ``WireError`` for any bytes that are not a message of a client. Any input is safe: bytes can have no
    ///   other effect.
    package init(decoding bytes: UnsafeRawBufferPointer, limits: WireLimits) throws(WireError) {
        var reader = ByteReader(bytes)
        do throws(CodecError) {
            switch try reader.readByte() {
            case Kind.hello: self = .hello(try reader.readHello(limits: limits))
            case Kind.subscribe:
                let id = try reader.readSubscription()
                let (query, notUnderstood) = try reader.readQuery(limits: limits)
                self = notUnderstood.map { .refused(.subscribe(id), .notUnderstood($0)) } ?? .subscribe(id, query)
            case Kind.replace:
                let (id, old) = (try reader.readSubscription(), try reader.readSubscription())
                let (query, notUnderstood) = try reader.readQuery(limits: limits)
                self =
                    notUnderstood.map { .refused(.subscribe(id), .notUnderstood($0)) } ?? .replace(old, by: id, query)
            case Kind.unsubscribe:
                let id = try reader.readSubscription()
                let notUnderstood = try reader.readSections { _, _ in false }
                self = notUnderstood.map { .refused(.unsubscribe(id), .notUnderstood($0)) } ?? .unsubscribe(id)
            case Kind.acknowledge:
                try reader.readLane()
                self = .acknowledge(Tick(try reader.readVarint()), receivedByteCount: try reader.readVarint())
                try reader.readSectionsOrFail()
            case Kind.mutate: self = try reader.readMutation(limits: limits)
            case Kind.query:
                let id = try reader.readQueryID()
                let (query, notUnderstood) = try reader.readOneShotQuery(limits: limits)
                self = notUnderstood.map { .refused(.query(id), .notUnderstood($0)) } ?? .query(id, query)
            case Kind.queryCancel:
                self = .cancelQuery(try reader.readQueryID())
                try reader.readSectionsOrFail()
            case Kind.verify:
                let id = try reader.readSubscription()
                let notUnderstood = try reader.readSections { _, _ in false }
                self = notUnderstood.map { .refused(.verify(id), .notUnderstood($0)) } ?? .verify(id)
            case Kind.restart:
                self = .restart(try reader.readSubscription())
                try reader.readSectionsOrFail()
            case let kind:
                throw CodecError(.unknownReference, "\(kind) is no kind of message from a client")
            }
        } catch {
            throw WireError(error, in: "a message from the client")
        }
    }
}

extension ByteReader {
    fileprivate mutating func readHello(limits: WireLimits) throws(CodecError) -> Hello {
        let low = try readCount(max: 1 << 16, "a version")
        let high = try readCount(max: 1 << 16, "a version")
        guard low <= high else { throw CodecError(.outOfDomain, at: offset, "versions from \(low) to \(high)") }
        let name = try readString(byteCountMax: limits.clientNameSizeMax)
        var hello = Hello(versions: low...high, clientName: name)
        try readSectionsOrFail { (number, content) throws(CodecError) in
            switch number {
            case HelloSection.knownSchemas:
                for _ in 0..<(try content.readCount(max: limits.knownSchemaCountMax, "known schemas")) {
                    hello.knownSchemas.append(SchemaHash(try content.read(UInt64.self)))
                }
            case HelloSection.resume: hello.resume = try content.readResume(limits: limits)
            case HelloSection.capabilities: hello.capabilities = try content.readCapabilities(limits: limits)
            default: return false
            }
            return true
        }
        return hello
    }

    private mutating func readResume(limits: WireLimits) throws(CodecError) -> Hello.Resume {
        let epoch = Epoch(try read(UInt64.self))
        try readLane()
        let revision = Revision(epoch: epoch, tick: Tick(try readVarint()))
        var resume = Hello.Resume(revision: revision, token: try readToken(limits: limits))
        for _ in 0..<(try readCount(max: limits.subscriptionCountMax, "subscriptions")) {
            let id = try readSubscription()
            var content = try readSized()
            let (query, notUnderstood) = try content.readQuery(limits: limits)
            if let notUnderstood { throw .notUnderstood(notUnderstood) }
            resume.subscriptions.append(.init(id, query))
        }
        return resume
    }

    mutating func readToken(limits: WireLimits) throws(CodecError) -> [UInt8] {
        Array(try readBytes(try readCount(max: limits.tokenSizeMax, "the bytes of a token")))
    }

    mutating func readSubscription() throws(CodecError) -> SubscriptionID {
        SubscriptionID(UInt32(try readCount(max: Int(UInt32.max), "the number of a subscription")))
    }
}

extension ByteWriter {
    fileprivate mutating func append(_ hello: Hello) {
        append(Kind.hello)
        append(varint: hello.versions.lowerBound)
        append(varint: hello.versions.upperBound)
        append(string: hello.clientName)
        if !hello.knownSchemas.isEmpty {
            appendSection(HelloSection.knownSchemas) {
                $0.append(varint: hello.knownSchemas.count)
                for hash in hello.knownSchemas { $0.append(integer: hash.rawValue) }
            }
        }
        if let resume = hello.resume {
            appendSection(HelloSection.resume) {
                $0.append(integer: resume.revision.epoch.rawValue)
                $0.appendLane()
                $0.append(varint: resume.revision.tick.rawValue)
                $0.append(sized: resume.token)
                $0.append(varint: resume.subscriptions.count)
                for subscription in resume.subscriptions {
                    $0.append(varint: UInt64(subscription.id.rawValue))
                    $0.appendSized { $0.append(subscription.query) }
                }
            }
        }
        if !hello.capabilities.isEmpty {
            appendSection(HelloSection.capabilities) { $0.append(hello.capabilities) }
        }
    }
}
