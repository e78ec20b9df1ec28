public import OrrerySchema

/// The limits of one end on what the messages of the other may hold. Each is checked before memory is taken; beyond it
/// the connection closes with 1008, but where something else is said. docs/LIMITS.md lists them with those of the other
/// layers.
public struct WireLimits: Hashable, Sendable {
    /// Bytes of one message from a server. Stops a server that has a client buffer without end; its connection closes
    /// with 1009.
    public var messageSizeMax = 1 << 20
    /// Bytes of the sections in one part of a batch that this end writes; the head comes on top. A single value may go
    /// beyond. Keeps one client's batch from holding up the others'.
    public var partSizeMax = 512 << 10
    /// Components of one world, of a subscription, of the schemas in a welcome. Stops a server that would have a client
    /// make columns without end.
    public var componentCountMax = 1024
    /// The highest entity index, exclusive; a multiple of 8. A peer can make a store keep tables in proportion to it.
    public var entityIndexMax: UInt32 = 1 << 22
    /// UTF-8 bytes of the name with which a client introduces itself. Stops names that fill logs.
    public var clientNameSizeMax = 128
    /// UTF-8 bytes of a reason; a longer one of a server's own is cut. Stops reasons that fill logs.
    public var reasonSizeMax = 1024
    /// Entities that one subscription may list. Stops lists that take long to look at in every tick.
    public var selectionEntityCountMax = 4096
    /// Capabilities that a side may list. Stops a handshake that takes long to look at.
    public var capabilityCountMax = 64
    /// Schema hashes that a client may say it knows. Stops a handshake that takes long to look at.
    public var knownSchemaCountMax = 1024
    /// Bytes of the token with which a client proves that it is the one of an earlier connection. Stops tables of long
    /// tokens.
    public var tokenSizeMax = 64
    /// Subscriptions of one session; the server refuses a further one with code 9. Stops a client whose interests take
    /// long to work out.
    public var subscriptionCountMax = 64
    /// Components of one spawn, fields of one patch or of one new component. Stops a mutation that costs the world a
    /// tick.
    public var mutationPartCountMax = 64
    /// Bytes of one value, in a batch or a mutation. Stops values that are costly to compare and to keep.
    public var valueSizeMax = 256 << 10
    /// What a schema may have.
    public var schema = SchemaLimits()

    /// The defaults.
    public init() {}
}
