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

/// What a client says.
public enum ClientMessage: Hashable, Sendable {
    /// The first message: who, which versions of the protocol, and which schemas need not be sent.
    case hello(versions: ClosedRange<Int>, clientName: String, knownSchemas: [SchemaHash])
    case subscribe(SubscriptionID, Selection)
    case unsubscribe(SubscriptionID)
    /// The client has applied everything up to this tick, and has dealt with so many bytes of batches since the handshake.
    case acknowledge(Tick, receivedByteCount: UInt64)
}

/// First byte of a message from a client. 5 to 7 are reserved for `Mutate`, `Query` and `QueryCancel`.
private enum Kind {
    static let hello: UInt8 = 1
    static let subscribe: UInt8 = 2
    static let unsubscribe: UInt8 = 3
    static let acknowledge: UInt8 = 4
}

private enum HelloSection {
    static let knownSchemas: UInt8 = 1
}

extension ClientMessage {
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .hello(let versions, let clientName, let knownSchemas):
            writer.append(Kind.hello)
            writer.append(varint: versions.lowerBound)
            writer.append(varint: versions.upperBound)
            writer.append(string: clientName)
            if !knownSchemas.isEmpty {
                writer.appendSection(HelloSection.knownSchemas) {
                    $0.append(varint: knownSchemas.count)
                    for hash in knownSchemas { $0.append(integer: hash.rawValue) }
                }
            }
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
        var known: [SchemaHash] = []
        while !isAtEnd {
            let kind = try readByte()
            var section = try readSized()
            guard kind == HelloSection.knownSchemas else { continue }
            for _ in 0..<(try section.readCount(max: limits.knownSchemaCountMax - known.count, "known schemas")) {
                known.append(SchemaHash(try section.read(UInt64.self)))
            }
            try section.expectEnd()
        }
        return .hello(versions: low...high, clientName: name, knownSchemas: known)
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
    /// Writes a section: its kind, its length, its content.
    mutating func appendSection<Failure: Error>(
        _ kind: UInt8, _ body: (inout ByteWriter) throws(Failure) -> Void
    ) throws(Failure) {
        append(kind)
        try appendSized(body)
    }
}
