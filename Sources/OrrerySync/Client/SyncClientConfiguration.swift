public import OrreryWire

/// The limits on what a client accepts from a server, and on what it sends. docs/LIMITS.md lists them with those of the
/// other layers.
///
/// Data beyond a limit closes the connection with 1008, before memory is allocated.
public struct SyncClientConfiguration: Hashable, Sendable {
    /// Limits of the messages of the server.
    public var limits = WireLimits()
    /// The longest message that this client sends, in bytes; a server may require shorter ones. The client refuses a
    /// longer mutation itself.
    public var sentMessageSizeMax = 64 << 10
    /// Bytes of parts that may wait for the end of their batch, plus 64 bytes for each part. Stops a server that begins
    /// a batch and never ends it.
    public var stagedSizeMax = 256 << 20
    /// Bytes that the rows of the store may take: a million entities with twenty components of 32 bytes fit. Stops a
    /// server that makes a client keep more than it can: rows that are far apart take a page of 1024 each.
    public var storeSizeMax = 1 << 30
    /// Bytes that the list of changes of one batch may take; it is long mainly when changes are observed. Stops
    /// messages that stand for many more changes than they have bytes.
    public var recordedSizeMax = 1 << 30
    /// Mutations that may wait for their outcome at a time; at most as many as the server remembers.
    public var pendingMutationMax = 256

    /// Makes the default configuration.
    public init() {}
}
