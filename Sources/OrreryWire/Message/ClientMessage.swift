public import OrrerySchema
import OrreryStore

/// Names a subscription of one connection. Chosen by the client, not used twice on a connection.
public struct SubscriptionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt32

    public init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static func < (left: SubscriptionID, right: SubscriptionID) -> Bool { left.rawValue < right.rawValue }
    public var description: String { String(rawValue) }
}

/// The first message of a client: who it is, what it speaks, and what it knows already.
public struct Hello: Hashable, Sendable {
    /// Where a client was when it lost an earlier connection.
    public struct Resume: Hashable, Sendable {
        /// The state that the client shows.
        public var revision: Revision
        /// The token of the server's last welcome.
        public var token: [UInt8]
        /// What the client has everything of, as of that revision. If the server resumes, they go on, with one batch for all of them; if it
        /// does not, they are forgotten.
        public var subscriptions: [Subscription]

        public init(revision: Revision, token: [UInt8], subscriptions: [Subscription] = []) {
            self.revision = revision
            self.token = token
            self.subscriptions = subscriptions
        }

        public struct Subscription: Hashable, Sendable {
            public var id: SubscriptionID
            public var selection: Selection

            public init(_ id: SubscriptionID, _ selection: Selection) {
                self.id = id
                self.selection = selection
            }
        }
    }

    /// Versions of the protocol that it speaks.
    public var versions: ClosedRange<Int>
    public var clientName: String
    /// Schemas that need not be sent.
    public var knownSchemas: [SchemaHash]
    public var resume: Resume?

    public init(
        versions: ClosedRange<Int> = WireProtocol.version...WireProtocol.version, clientName: String,
        knownSchemas: [SchemaHash] = [], resume: Resume? = nil
    ) {
        self.versions = versions
        self.clientName = clientName
        self.knownSchemas = knownSchemas
        self.resume = resume
    }
}

/// What a client says.
public enum ClientMessage: Hashable, Sendable {
    case hello(Hello)
    case subscribe(SubscriptionID, Selection)
    case unsubscribe(SubscriptionID)
    /// The client has applied everything up to this tick, and has dealt with so many bytes of batches since the handshake.
    case acknowledge(Tick, receivedByteCount: UInt64)
    case mutate(Mutation)
}

/// First byte of a message from a client. 6 and 7 are reserved for `Query` and `QueryCancel`.
private enum Kind {
    static let hello: UInt8 = 1
    static let subscribe: UInt8 = 2
    static let unsubscribe: UInt8 = 3
    static let acknowledge: UInt8 = 4
    static let mutate: UInt8 = 5
}

private enum HelloSection {
    static let knownSchemas: UInt8 = 1
    static let resume: UInt8 = 2
}

extension ClientMessage {
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .hello(let hello): writer.append(hello)
        case .subscribe(let id, let selection):
            writer.append(Kind.subscribe)
            writer.append(varint: UInt64(id.rawValue))
            writer.append(selection)
        case .unsubscribe(let id):
            writer.append(Kind.unsubscribe)
            writer.append(varint: UInt64(id.rawValue))
        case .acknowledge(let tick, let receivedByteCount):
            writer.append(Kind.acknowledge)
            writer.append(varint: tick.rawValue)
            writer.append(varint: receivedByteCount)
        case .mutate(let mutation):
            writer.append(Kind.mutate)
            writer.append(mutation)
        }
        return writer.bytes
    }

    /// - Throws: ``WireError`` for anything that is no message of a client. Total: no bytes can do more than that.
    public init(decoding bytes: UnsafeRawBufferPointer, limits: WireLimits) throws(WireError) {
        var reader = ByteReader(bytes)
        do throws(CodecError) {
            switch try reader.readByte() {
            case Kind.hello: self = try reader.readHello(limits: limits)
            case Kind.subscribe:
                self = .subscribe(try reader.readSubscription(), try reader.readSelection(limits: limits))
            case Kind.unsubscribe: self = .unsubscribe(try reader.readSubscription())
            case Kind.acknowledge:
                self = .acknowledge(Tick(try reader.readVarint()), receivedByteCount: try reader.readVarint())
            case Kind.mutate: self = .mutate(try reader.readMutation(limits: limits))
            case let kind:
                throw CodecError(.unknownReference, "\(kind) is no kind of message from a client")
            }
            try reader.skipSections()
        } catch {
            throw WireError(error, in: "a message from the client")
        }
    }
}

extension ByteReader {
    fileprivate mutating func readHello(limits: WireLimits) throws(CodecError) -> ClientMessage {
        let low = try readCount(max: 1 << 16, "a version")
        let high = try readCount(max: 1 << 16, "a version")
        guard low <= high else { throw CodecError(.outOfDomain, at: offset, "versions from \(low) to \(high)") }
        let name = try readString(byteCountMax: limits.clientNameSizeMax)
        var hello = Hello(versions: low...high, clientName: name)
        while !isAtEnd {
            let kind = try readByte()
            var section = try readSized()
            switch kind {
            case HelloSection.knownSchemas:
                for _
                    in 0..<(try section.readCount(
                        max: limits.knownSchemaCountMax - hello.knownSchemas.count, "known schemas"))
                {
                    hello.knownSchemas.append(SchemaHash(try section.read(UInt64.self)))
                }
            case HelloSection.resume:
                let revision = Revision(
                    epoch: Epoch(try section.read(UInt64.self)), tick: Tick(try section.readVarint()))
                var resume = Hello.Resume(revision: revision, token: try section.readToken(limits: limits))
                for _ in 0..<(try section.readCount(max: limits.subscriptionCountMax, "subscriptions")) {
                    resume.subscriptions.append(
                        .init(try section.readSubscription(), try section.readSelection(limits: limits)))
                }
                hello.resume = resume
            default: continue
            }
            try section.expectEnd()
        }
        return .hello(hello)
    }

    mutating func readToken(limits: WireLimits) throws(CodecError) -> [UInt8] {
        Array(try readBytes(try readCount(max: limits.tokenSizeMax, "the bytes of a token")))
    }

    mutating func readSubscription() throws(CodecError) -> SubscriptionID {
        SubscriptionID(UInt32(try readCount(max: Int(UInt32.max), "the number of a subscription")))
    }

    /// Passes over sections that a newer peer may add.
    mutating func skipSections() throws(CodecError) {
        while !isAtEnd {
            _ = try readByte()
            _ = try readSized()
        }
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
                $0.append(varint: resume.revision.tick.rawValue)
                $0.append(sized: resume.token)
                $0.append(varint: resume.subscriptions.count)
                for subscription in resume.subscriptions {
                    $0.append(varint: UInt64(subscription.id.rawValue))
                    $0.append(subscription.selection)
                }
            }
        }
    }

    /// Writes a section: its kind, its length, its content.
    mutating func appendSection<Failure: Error>(
        _ kind: UInt8, _ body: (inout ByteWriter) throws(Failure) -> Void
    ) throws(Failure) {
        append(kind)
        try appendSized(body)
    }
}
