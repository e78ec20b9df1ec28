import OrrerySchema
import OrreryTransport

/// The limits that a server tells a client: those of the server's messages, and those that the client must keep.
package struct ServerLimits: Hashable, Sendable {
    /// Bytes of a message from the client.
    package var clientMessageSizeMax = 64 << 10
    /// Bytes of a message from the server.
    package var messageSizeMax = 1 << 20
    /// Entity indexes are below it.
    package var entityIndexMax = 1 << 22
    /// Bytes of a value.
    package var valueSizeMax = 256 << 10
    /// Bytes of a reason.
    package var reasonSizeMax = 1024
    /// Unacknowledged bytes at which the server stops sending, at the latest.
    package var windowSize = 1 << 20
    /// Unacknowledged ticks at which the server stops sending.
    package var windowTickCount = 64
    /// Mutations of one client without an answer.
    package var pendingMutationMax = 256
    /// Subscriptions of one session.
    package var subscriptionCountMax = 64
    /// Entities that one subscription lists.
    package var queryEntityCountMax = 4096
    /// Components of one spawn, fields of one patch.
    package var mutationPartCountMax = 64

    package init() {}

    /// By their numbers in docs/PROTOCOL.md.
    private static let fields: [(number: UInt64, field: any WritableKeyPath<ServerLimits, Int> & Sendable)] = [
        (1, \.clientMessageSizeMax), (2, \.messageSizeMax), (3, \.entityIndexMax), (4, \.valueSizeMax),
        (5, \.reasonSizeMax), (6, \.windowSize), (7, \.windowTickCount), (8, \.pendingMutationMax),
        (9, \.subscriptionCountMax), (10, \.queryEntityCountMax), (11, \.mutationPartCountMax),
    ]

    /// The most limits that may be sent: more than exist, for those of newer servers.
    private static let countMax = 64

    func append(to writer: inout ByteWriter) {
        writer.append(varint: Self.fields.count)
        for (number, field) in Self.fields {
            writer.append(varint: number)
            writer.append(varint: self[keyPath: field])
        }
    }

    /// Reads the limits that were sent; the others keep their defaults.
    init(reading reader: inout ByteReader) throws(CodecError) {
        var last: UInt64 = 0
        for _ in 0..<(try reader.readCount(max: Self.countMax, "limits")) {
            let start = reader.offset
            let number = try reader.readVarint()
            guard number > last else {
                throw CodecError(.notCanonical, at: start, "the numbers of limits do not ascend")
            }
            last = number
            let value = try reader.readVarint()
            guard let field = Self.fields.first(where: { $0.number == number })?.field else { continue }
            self[keyPath: field] = Int(clamping: value)
        }
    }

    /// Throws the error with which a client ends the connection if it accepts less than this server may send.
    package func check(against own: WireLimits) throws(WireError) {
        for (name, theirs, mine) in [
            ("messageSizeMax", messageSizeMax, own.messageSizeMax),
            ("entityIndexMax", entityIndexMax, Int(own.entityIndexMax)),
            ("valueSizeMax", valueSizeMax, own.valueSizeMax), ("reasonSizeMax", reasonSizeMax, own.reasonSizeMax),
        ] where theirs > mine {
            throw WireError(
                .policyViolation,
                "the server's \(name) is \(theirs), this client takes \(mine); raise it at the client, or lower "
                    + "it at the server")
        }
    }
}
