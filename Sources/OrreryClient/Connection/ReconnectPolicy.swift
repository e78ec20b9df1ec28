/// What a client does when its connection is lost: tries again, after a time that doubles with each attempt.
public struct ReconnectPolicy: Hashable, Sendable {
    /// Whether there is another attempt at all.
    public var isEnabled: Bool
    /// The time before the first attempt, at most; the real one is drawn between half of it and all of it, so that the
    /// clients of a server that comes back do not come all at once.
    public var delayMin: Duration
    /// The time between two attempts, at most.
    public var delayMax: Duration

    /// A policy with these delays.
    public init(isEnabled: Bool = true, delayMin: Duration = .milliseconds(200), delayMax: Duration = .seconds(10)) {
        self.isEnabled = isEnabled
        self.delayMin = delayMin
        self.delayMax = delayMax
    }

    /// Tries again until the connection is closed from this side.
    public static let automatic = ReconnectPolicy()

    /// A lost connection is the end.
    public static let never = ReconnectPolicy(isEnabled: false)

    /// - Parameters:
    ///   - attempt: how many attempts there were since the last connection.
    ///   - random: from 0 to 1.
    func delay(beforeAttempt attempt: Int, random: Double) -> Duration {
        min(delayMax, delayMin * (1 << min(attempt, 16))) * (0.5 + random / 2)
    }
}

/// How a connection stands.
public struct ConnectionStatus: Hashable, Sendable {
    /// Whether there is a connection.
    public enum State: Hashable, Sendable {
        case connecting
        /// Welcomed by the server.
        case connected
        /// The connection was lost; the next attempt comes after a while.
        case waiting
        /// Over for good.
        case ended
    }

    /// Whether there is a connection.
    public var state: State
    /// Whether what is shown is not kept up to date: there is no connection, or nothing of a new life of the world has
    /// come yet.
    public var isStale: Bool
    /// Ticks that this client is behind the newest that it has heard of.
    public var lag: UInt64
    /// Bytes of messages received over all connections.
    public var receivedByteCount: UInt64
    /// Mutations that have no outcome yet.
    public var pendingMutationCount: Int
    /// How long the oldest of them has been waiting.
    public var oldestPendingMutationAge: Duration?
    /// Connections that were lost so far.
    public var lostConnectionCount: Int
}
