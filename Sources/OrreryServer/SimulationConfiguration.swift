public import CoreMetrics
public import OrreryTransport
import OrreryWire

/// How often a world ticks.
public struct TickRate: Hashable, Sendable, CustomStringConvertible {
    /// Ticks in 1000 seconds, so that rates below one a second can be expressed.
    public let ticksPer1000Seconds: Int

    /// Makes a rate from ticks per second.
    /// - Precondition: `rate` lies between 0.001 and 10,000.
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

/// The settings of a server. Each has a default, visible here.
public struct SimulationConfiguration: Sendable {
    /// How often the world ticks.
    public var tickRate: TickRate
    /// Simulated time per tick; the period of the tick rate unless set.
    public var step: Duration {
        get { statedStep ?? tickRate.period }
        set { statedStep = newValue }
    }

    private var statedStep: Duration?
    /// How long a stopping server waits for its clients to answer the close frame.
    public var lingerMax: Duration = .milliseconds(500)
    /// Limits of connections: waiting bytes, count, handshakes, pages. (Message sizes are set in ``sync``.)
    public var transport: TransportLimits
    /// Limits of sessions: message sizes, windows, subscriptions, mutations, catch-up.
    public var sync: SyncServerConfiguration
    /// Mutations of all clients that may wait for the next tick; further ones are refused with code 9. Stops clients
    /// that together send more than the world can process.
    public var waitingMutationMax = 16_384
    /// Units of work per second that the simulation spends on mutations. A mutation that writes a component of fixed
    /// size is one unit; others are several, by their length. Mutations beyond it wait for the next tick, in turn by
    /// client. Stops clients that together send more than the world can process.
    public var mutationWorkRateMax = 240_000
    /// Entities that rules of visibility show one client; it does not see more of those they decide about, and the
    /// server logs it. Stops a rule that shows too much from costing much for each client.
    public var personalEntityCountMax = 4096
    /// Calls of `SimulationServer.perform` that may wait for the next tick; further ones throw.
    public var waitingWorkMax = 1024
    /// Log messages per second about refused input, and at once after a pause; the next message reports how many were
    /// left out. Stops peers that fill the disk with logs.
    public var refusalLogRateMax = 10
    /// Decides who may connect, and read the pages `/metrics`, `/schema` and `/query`; nil admits everybody who reaches
    /// the server. `/healthz` is always open.
    public var authorize: Authorizer?
    /// The web pages from which browsers may connect.
    public var origins: OriginPolicy = .ownHost
    /// Names by which clients may call a server that listens at a loopback address, besides `localhost` and loopback
    /// addresses.
    ///
    /// They are compared with the field `Host`, without the port. Other names are refused with HTTP status 421, except
    /// for `/healthz`: a web page may have a name of its own that resolves to this machine, and the browser would
    /// otherwise take it for the server's. A proxy on this machine may pass its site's name on; list it here.
    public var hostNames: [String] = []
    /// A second destination of the metrics besides the page `/metrics`; nil stands for the factory that `MetricsSystem`
    /// was bootstrapped with before the server is made, if it was.
    public var metrics: (any MetricsFactory)?

    /// Makes the default configuration with this tick rate and step.
    public init(tickRate: TickRate = .hertz(60), step: Duration? = nil) {
        self.tickRate = tickRate
        statedStep = step
        sync = SyncServerConfiguration()
        transport = TransportLimits()
        transport.pendingByteCountMax = 64 << 20
    }

    /// The limits of ``transport``, with the message sizes of the sessions.
    package var transportLimits: TransportLimits {
        var limits = transport
        limits.messageSizeMax = sync.clientMessageSizeMax
        limits.sentMessageSizeMax = sync.limits.messageSizeMax
        // Budgets are renewed this often when no tick comes.
        limits.timerInterval = min(limits.timerInterval, SyncServer.periodMax)
        return limits
    }
}
