public import CoreMetrics
public import OrreryTransport
import OrreryWire

/// How often a world ticks.
public struct TickRate: Hashable, Sendable, CustomStringConvertible {
    /// Ticks in 1000 seconds, so that rates below one a second can be said.
    public let ticksPer1000Seconds: Int

    /// - Precondition: from 0.001 to 10,000 ticks a second.
    public static func hertz(_ rate: Double) -> TickRate {
        precondition((0.001...10_000).contains(rate), "a tick rate lies between 0.001 and 10,000 Hz, not at \(rate)")
        return TickRate(ticksPer1000Seconds: Int((rate * 1000).rounded()))
    }

    private init(ticksPer1000Seconds: Int) {
        self.ticksPer1000Seconds = ticksPer1000Seconds
    }

    /// The time from one tick to the next.
    public var period: Duration { .seconds(1000) / ticksPer1000Seconds }

    public var description: String { "\(Double(ticksPer1000Seconds) / 1000) Hz" }
}

/// The settings of a server. Each has a default that is seen here.
public struct SimulationConfiguration: Sendable {
    /// How often the world ticks.
    public var tickRate: TickRate
    /// Simulated time per tick; the period of the tick rate unless stated.
    public var step: Duration {
        get { statedStep ?? tickRate.period }
        set { statedStep = newValue }
    }

    private var statedStep: Duration?
    /// How long a stopping server waits for its clients to answer the close frame.
    public var lingerMax: Duration = .milliseconds(500)
    /// Limits of connections: waiting bytes, count, handshakes, pages. (The sizes of messages are those of ``sync``.)
    public var transport: TransportLimits
    /// Limits of sessions: message sizes, windows, subscriptions, mutations, catch-up.
    public var sync: SyncServerConfiguration
    /// Mutations of all clients that may wait for the next tick; further ones are refused with code 9. Stops clients
    /// that together say more than the world can do.
    public var waitingMutationMax = 16_384
    /// Units of work in a second that mutations may take of the simulation: one that writes a component of fixed size
    /// is one, others are several by their length. What is beyond waits for the next tick, in turn by client. Stops
    /// clients that together say more than the world can do.
    public var mutationWorkRateMax = 240_000
    /// Calls of `SimulationServer.perform` that may wait for the next tick; further ones throw.
    public var waitingWorkMax = 1024
    /// Log messages a second about input that was refused, and at once after a pause; how many were left out is told
    /// with the next. Stops peers that fill the disk with logs.
    public var refusalLogRateMax = 10
    /// Who may connect, and read the pages `/metrics` and `/schema`; nil lets everybody who reaches the server.
    /// `/healthz` is open.
    public var authorize: Authorizer?
    /// From which web pages browsers may connect.
    public var origins: OriginPolicy = .ownHost
    /// By which names besides `localhost` and loopback addresses a server may be called that listens at a loopback
    /// address: the field `Host`, without the port. Other names are refused with HTTP status 421, but for `/healthz`: a
    /// web page may have a name of its own that leads to this machine, and would else be taken for the server's. A
    /// proxy on this machine may pass its site's name on.
    public var hostNames: [String] = []
    /// Where metrics go besides the page `/metrics`; nil stands for what `MetricsSystem` was bootstrapped with before
    /// the server is made, if it was.
    public var metrics: (any MetricsFactory)?

    /// The defaults, but for these.
    public init(tickRate: TickRate = .hertz(60), step: Duration? = nil) {
        self.tickRate = tickRate
        statedStep = step
        sync = SyncServerConfiguration()
        transport = TransportLimits()
        transport.pendingByteCountMax = 64 << 20
    }

    /// Those of ``transport``, with the sizes of messages that the sessions speak of.
    package var transportLimits: TransportLimits {
        var limits = transport
        limits.messageSizeMax = sync.clientMessageSizeMax
        limits.sentMessageSizeMax = sync.limits.messageSizeMax
        // Budgets are renewed as often, where no tick comes.
        limits.timerInterval = min(limits.timerInterval, SyncServer.periodMax)
        return limits
    }
}
