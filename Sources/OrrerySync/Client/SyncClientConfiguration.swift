public import OrreryWire

/// What a client takes from a server, and what it says at most. docs/LIMITS.md lists it with the limits of the other
/// layers.
///
/// Whatever goes beyond closes the connection with 1008, before the memory is taken.
public struct SyncClientConfiguration: Hashable, Sendable {
    /// What the messages of the server may hold.
    public var limits = WireLimits()
    /// The longest message that this client sends, in bytes; a server may want shorter ones. A mutation that is longer
    /// is refused here.
    public var sentMessageSizeMax = 64 << 10
    /// Bytes of parts that may wait for the end of their batch, each with 64 bytes more. Stops a server that begins a
    /// batch and never ends it.
    public var stagedSizeMax = 256 << 20
    /// Bytes that the rows of the store may take: a million entities with twenty components of 32 bytes fit. Stops a
    /// server that has a client keep more than it can: rows that lie far apart take a page of 1024 each.
    public var storeSizeMax = 1 << 30
    /// Bytes that the list of changes of one batch may take: first of all where somebody listens to them. Stops
    /// messages that stand for many more changes than they have bytes.
    public var recordedSizeMax = 1 << 30
    /// Mutations that may be without an outcome at a time; at most as many as the server remembers.
    public var pendingMutationMax = 256

    /// The defaults.
    public init() {}
}
