public import OrreryClient
import OrreryTransport

/// A server that sends any bytes a test wants, with one real client connected.
public final class RawServer {
    /// The client. It connects by itself, and reconnects when its policy allows.
    public let client: JoinedClient
    private let loop: MemoryLoop
    private let ear = RawEar()
    private let clock = SimulatedClock()

    /// - Parameter configuration: The client's configuration.
    public init(configuration: ClientConfiguration = .init()) throws {
        let network = MemoryNetwork()
        var limits = TransportLimits()
        // The client has to detect messages that are too long.
        limits.sentMessageSizeMax = 1 << 30
        let (anyLoop, url) = try network.server(name: "raw").listen(limits: limits)
        guard let loop = anyLoop as? MemoryLoop else { preconditionFailure("a memory network makes memory loops") }
        self.loop = loop
        client = try JoinedClient(
            network: network, url: url, clock: clock, name: "client", configuration: configuration)
        deliver()
    }

    /// Sends one message to the client if it is connected, and delivers the results.
    public func send(_ message: [UInt8]) {
        if let connection = ear.connection { loop.send(Frame(message), to: connection) }
        deliver()
    }

    /// Lets both sides handle what has arrived, until nothing is on the way.
    /// - Returns: Whether anything had arrived.
    @discardableResult
    public func deliver() -> Bool {
        var (hasHandled, isQuiet) = (false, false)
        while !isQuiet {
            isQuiet = !loop.poll(ear)
            if client.poll() { isQuiet = false }
            if !isQuiet { hasHandled = true }
        }
        return hasHandled
    }

    /// Breaks the connection. The client reconnects after a delay.
    public func cut() {
        loop.cut(tellsPeers: true)
        deliver()
    }

    /// Lets time pass, for time-outs and the next connection attempt.
    public func passTime(_ duration: Duration) {
        clock.advance(by: duration)
        client.session.loopTimerFired()
        deliver()
    }

    /// The messages received since the last call.
    public func takeReceived() -> [[UInt8]] { ear.takeReceived() }

    /// The code and reason with which the client closed; `nil` while it is connected.
    public var end: (code: UInt16, reason: String)? { ear.end }
}
