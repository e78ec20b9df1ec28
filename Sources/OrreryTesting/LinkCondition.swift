import OrrerySync
import OrreryTransport

/// What the network between a client and the server does to what is sent. Nothing unless stated.
///
/// ```swift
/// client.link.toServer.delay = .milliseconds(300)  // each message is under way for so long
/// client.link.toClient.isHanging = true            // nothing arrives any more, and nobody is told
/// ```
public struct LinkCondition: Hashable, Sendable, CustomStringConvertible {
    /// One direction. What is sent first arrives first, also when the delay becomes shorter.
    public struct Direction: Hashable, Sendable, CustomStringConvertible {
        /// How long each message is under way, in simulated time: see ``JoinedWorld/passTime(_:)``.
        public var delay: Duration
        /// Whether nothing arrives. What is sent stays under way, in order, and arrives when this is over.
        public var isHanging: Bool

        /// A quick direction, unless stated.
        public init(delay: Duration = .zero, isHanging: Bool = false) {
            self.delay = delay
            self.isHanging = isHanging
        }

        public var description: String { isHanging ? "hangs" : delay == .zero ? "is quick" : "takes \(delay)" }
    }

    /// What happens to what the client sends.
    public var toServer: Direction
    /// What happens to what the server sends.
    public var toClient: Direction

    /// A quick link, unless stated.
    public init(toServer: Direction = Direction(), toClient: Direction = Direction()) {
        self.toServer = toServer
        self.toClient = toClient
    }

    public var description: String { "to the server \(toServer), to the client \(toClient)" }
}

extension LinkCondition.Direction {
    var lane: MemoryLane.Condition {
        var condition = MemoryLane.Condition()
        condition.delay = delay
        condition.isHanging = isHanging
        return condition
    }
}

extension MemoryLoop {
    /// What waits for each connection's reader.
    var occupancies: [Occupancy] {
        pendingByteCounts.map { connection, count in
            Occupancy("bytes that wait on connection \(connection)", count, limit: limits.pendingByteCountMax)
        }
    }
}
