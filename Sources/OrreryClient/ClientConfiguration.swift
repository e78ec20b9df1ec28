public import OrreryTransport
import OrreryWire

/// The settings of a client: how long it waits, and how much it takes from a server. Each has a default that is seen
/// here.
public struct ClientConfiguration: Hashable, Sendable {
    /// What it takes of the protocol: message sizes, names, depth, staged bytes, the size of the store.
    public var sync = SyncClientConfiguration()
    /// Limits of the connection: waiting bytes. (The sizes of messages are those of ``sync``.)
    public var transport = TransportLimits()
    /// Time from the connection to the server's welcome. Stops a server that accepts and says nothing.
    public var welcomeTimeout: Duration = .seconds(10)
    /// Time without any message, while a server sends a heartbeat each second, after which the connection is taken for
    /// dead.
    public var silenceTimeout: Duration = .seconds(10)
    /// Bytes of changes that may wait for one reader of `batches`; beyond, the sequence throws. Stops a reader that has
    /// fallen behind from holding ever more.
    public var waitingBatchSizeMax = 1 << 30

    /// The defaults.
    public init() {}

    /// Those of ``transport``, with the sizes of messages that the session speaks of.
    package var transportLimits: TransportLimits {
        var limits = transport
        limits.messageSizeMax = sync.limits.messageSizeMax
        limits.sentMessageSizeMax = sync.sentMessageSizeMax
        return limits
    }
}
