public import OrreryTransport
import OrreryWire

/// The settings of a client: how long it waits, and how much it accepts from a server. Every setting has a default.
public struct ClientConfiguration: Hashable, Sendable {
    /// Limits of the protocol: message sizes, names, depth, staged bytes, the size of the store.
    public var sync = SyncClientConfiguration()
    /// Limits of the connection: waiting bytes. (Message sizes are taken from ``sync``.)
    public var transport = TransportLimits()
    /// Time from the connection to the server's welcome. Protects against a server that accepts and sends nothing.
    public var welcomeTimeout: Duration = .seconds(10)
    /// Time without any message after which the connection counts as lost. A server sends a heartbeat every second.
    public var silenceTimeout: Duration = .seconds(10)
    /// How often this client verifies what it shows, one subscription of the protocol each time, all in turn; `nil` for
    /// only when it is asked to (``Subscription/verify()``). A difference is told in ``ClientConnection/errors``.
    public var verifyInterval: Duration?
    /// Bytes of changes that may wait for one reader of `batches`; beyond this limit the sequence throws. Bounds the
    /// memory held for a slow reader.
    public var waitingBatchSizeMax = 1 << 30

    /// Creates a configuration with the defaults.
    public init() {}

    /// The limits of ``transport``, with the message sizes of the session.
    package var transportLimits: TransportLimits {
        var limits = transport
        limits.messageSizeMax = sync.limits.messageSizeMax
        limits.sentMessageSizeMax = sync.sentMessageSizeMax
        return limits
    }
}
