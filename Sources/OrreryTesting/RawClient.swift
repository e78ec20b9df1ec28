import OrreryTransport

/// A peer of a ``JoinedWorld`` that sends any bytes a test wants and interprets nothing.
public final class RawClient {
    /// A stalled peer does not read: messages for it stay in the network, and then at the server.
    public var isStalled = false
    private let loop: MemoryLoop
    private let ear = RawEar()

    init(network: MemoryNetwork, url: String) throws {
        var limits = TransportLimits()
        // The other side has to detect messages that are too long.
        limits.sentMessageSizeMax = 1 << 30
        guard let loop = try network.client.connect(to: url, limits: limits) as? MemoryLoop else {
            preconditionFailure("a memory network makes memory loops")
        }
        self.loop = loop
    }

    func poll() -> Bool { !isStalled && loop.poll(ear) }

    /// Sends one message. It arrives with the next delivery.
    public func send(_ message: [UInt8]) {
        if let connection = ear.connection { loop.send(Frame(message), to: connection) }
    }

    /// Breaks the connection without a close frame.
    public func cut() { loop.cut(tellsPeers: true) }

    /// The messages received since the last call.
    public func takeReceived() -> [[UInt8]] { ear.takeReceived() }

    /// The code and reason with which the connection ended; `nil` while it lasts.
    public var end: (code: UInt16, reason: String)? { ear.end }
}

/// Records what a raw peer receives.
final class RawEar: TransportHandler {
    private(set) var connection: ConnectionID?
    private(set) var end: (code: UInt16, reason: String)?
    private var received: [[UInt8]] = []

    func takeReceived() -> [[UInt8]] {
        defer { received = [] }
        return received
    }

    func connectionOpened(_ connection: ConnectionID, granted: (any Sendable)?) {
        self.connection = connection
        end = nil
    }

    func connection(_ connection: ConnectionID, received message: UnsafeRawBufferPointer) {
        received.append(Array(message))
    }

    func connectionDrained(_ connection: ConnectionID) {}

    func connectionClosed(_ connection: ConnectionID, _ closure: ConnectionEnd) {
        self.connection = nil
        end = (closure.code.rawValue, closure.reason)
    }

    func loopWoken() {}
    func loopTimerFired() {}
}
