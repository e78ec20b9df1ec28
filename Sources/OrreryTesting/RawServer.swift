public import OrreryClient
import OrreryTransport

/// A server that says whatever bytes a test likes, and the one client that has come to it: the real one.
public final class RawServer {
    /// The client. It connects by itself, and again if it thinks that it may.
    public let client: JoinedClient
    private let loop: MemoryLoop
    private let ear = RawEar()
    private let clock = SimulatedClock()

    /// - Parameter configuration: what the client takes.
    public init(configuration: ClientConfiguration = .init()) throws {
        let network = MemoryNetwork()
        var limits = TransportLimits()
        // What is too long is for the client to find.
        limits.sentMessageSizeMax = 1 << 30
        let (anyLoop, url) = try network.server(name: "raw").listen(limits: limits)
        guard let loop = anyLoop as? MemoryLoop else { preconditionFailure("a memory network makes memory loops") }
        self.loop = loop
        client = try JoinedClient(
            network: network, url: url, clock: clock, name: "client", configuration: configuration)
        deliver()
    }

    /// Says one message to the client, if it is connected, and delivers what comes of it.
    public func send(_ message: [UInt8]) {
        if let connection = ear.connection { loop.send(Frame(message), to: connection) }
        deliver()
    }

    /// Lets both sides handle what has arrived, until nothing is under way.
    /// - Returns: whether anything had arrived.
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

    /// Breaks the connection. The client makes another after a while.
    public func cut() {
        loop.cut(tellsPeers: true)
        deliver()
    }

    /// Lets time pass: time-outs, and the next attempt at a connection.
    public func passTime(_ duration: Duration) {
        clock.advance(by: duration)
        client.session.loopTimerFired()
        deliver()
    }

    /// The messages that came since this was last asked.
    public func takeReceived() -> [[UInt8]] { ear.takeReceived() }

    /// The code and the reason with which the client has closed; `nil` while it is connected.
    public var end: (code: UInt16, reason: String)? { ear.end }
}
