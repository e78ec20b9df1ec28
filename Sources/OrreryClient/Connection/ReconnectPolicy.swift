/// What a client does when its connection is lost: it retries after a delay that doubles with each attempt.
public struct ReconnectPolicy: Hashable, Sendable {
    /// Whether the client retries at all.
    public var isEnabled: Bool
    /// The maximum delay before the first attempt. The actual delay is random, between half of it and all of it, so
    /// that the clients of a restarted server do not all reconnect at once.
    public var delayMin: Duration
    /// The maximum delay between two attempts.
    public var delayMax: Duration

    /// Creates a policy with these delays.
    public init(isEnabled: Bool = true, delayMin: Duration = .milliseconds(200), delayMax: Duration = .seconds(10)) {
        self.isEnabled = isEnabled
        self.delayMin = delayMin
        self.delayMax = delayMax
    }

    /// Retries until this side closes the connection.
    public static let automatic = ReconnectPolicy()

    /// Ends when the connection is lost.
    public static let never = ReconnectPolicy(isEnabled: false)

    /// - Parameters:
    ///   - attempt: The number of attempts since the last connection.
    ///   - random: From 0 to 1.
    func delay(beforeAttempt attempt: Int, random: Double) -> Duration {
        min(delayMax, delayMin * (1 << min(attempt, 16))) * (0.5 + random / 2)
    }
}

/// The status of a connection.
public struct ConnectionStatus: Hashable, Sendable {
    /// The state of the connection.
    public enum State: Hashable, Sendable {
        case connecting
        /// The server has welcomed the client.
        case connected
        /// The connection was lost; the client waits for the next attempt.
        case waiting
        /// The connection has ended for good.
        case ended
    }

    /// The state of the connection.
    public var state: State
    /// Whether the shown state is not being updated: there is no connection, or nothing of a new epoch has arrived yet.
    public var isStale: Bool
    /// How many ticks this client is behind the newest tick it has heard of.
    public var lag: UInt64
    /// Bytes of messages received over all connections.
    public var receivedByteCount: UInt64
    /// The number of mutations that have no outcome yet.
    public var pendingMutationCount: Int
    /// How long the oldest of these mutations has been waiting.
    public var oldestPendingMutationAge: Duration?
    /// The number of connections lost so far.
    public var lostConnectionCount: Int
}
