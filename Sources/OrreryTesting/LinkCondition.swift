import OrrerySync
import OrreryTransport

/// What the network between a client and the server does to messages. By default nothing.
///
/// ```swift
/// client.link.toServer.delay = .milliseconds(300)  // each message is under way for so long
/// client.link.toClient.isHanging = true            // nothing arrives any more, and nobody is told
/// ```
public struct LinkCondition: Hashable, Sendable, CustomStringConvertible {
    /// One direction. Messages arrive in the order sent, even if the delay becomes shorter.
    public struct Direction: Hashable, Sendable, CustomStringConvertible {
        /// How long each message takes, in simulated time: see ``JoinedWorld/passTime(_:)``.
        public var delay: Duration
        /// Whether the direction hangs: messages stay on the way, in order, and arrive when it no longer hangs.
        public var isHanging: Bool

        /// Creates a direction; by default without delay.
        public init(delay: Duration = .zero, isHanging: Bool = false) {
            self.delay = delay
            self.isHanging = isHanging
        }

        public var description: String { isHanging ? "hangs" : delay == .zero ? "is quick" : "takes \(delay)" }
    }

    /// The direction from the client to the server.
    public var toServer: Direction
    /// The direction from the server to the client.
    public var toClient: Direction

    /// Creates a link; by default without delay.
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
    /// The bytes that wait for each connection's reader.
    var occupancies: [Occupancy] {
        pendingByteCounts.map { connection, count in
            Occupancy("bytes that wait on connection \(connection)", count, limit: limits.pendingByteCountMax)
        }
    }
}
