public import OrrerySchema

/// The limits of one end on the content of the other end's messages.
///
/// Each limit is checked before memory is allocated. A message beyond it closes the connection with 1008, unless stated
/// otherwise. docs/LIMITS.md lists them with those of the other layers.
public struct WireLimits: Hashable, Sendable {
    /// Bytes of one message from a server. Stops a server that makes a client buffer without bound; its connection
    /// closes with 1009.
    public var messageSizeMax = 1 << 20
    /// Bytes of the sections in one part of a batch that this end writes, without the head. A single value may exceed
    /// it. Keeps one client's batch from delaying the others'.
    public var partSizeMax = 512 << 10
    /// Components of one world, of a subscription, of the schemas in a welcome. Stops a server that makes a client
    /// create columns without bound.
    public var componentCountMax = 1024
    /// The highest entity index, exclusive; a multiple of 8. A peer can make a store keep tables in proportion to it.
    public var entityIndexMax: UInt32 = 1 << 22
    /// UTF-8 bytes of a client's name. Stops names that fill logs.
    public var clientNameSizeMax = 128
    /// UTF-8 bytes of a reason; a server cuts longer ones of its own. Stops reasons that fill logs.
    public var reasonSizeMax = 1024
    /// Entities that one subscription may list. Stops lists that take long to process in every tick.
    public var queryEntityCountMax = 4096
    /// Capabilities that a side may list. Stops a handshake that takes long to process.
    public var capabilityCountMax = 64
    /// Schema hashes that a client may list as known. Stops a handshake that takes long to process.
    public var knownSchemaCountMax = 1024
    /// Bytes of the token by which a client proves that it made an earlier connection. Stops tables of long tokens.
    public var tokenSizeMax = 64
    /// Subscriptions of one session; the server refuses further ones with code 9. Stops a client whose subscriptions
    /// take long to compute.
    public var subscriptionCountMax = 64
    /// Components of one spawn, fields of one patch or of one new component. Stops a mutation that costs the world a
    /// tick.
    public var mutationPartCountMax = 64
    /// Bytes of one value, in a batch or a mutation. Stops values that are costly to compare and to keep.
    public var valueSizeMax = 256 << 10
    /// Limits of a schema.
    public var schema = SchemaLimits()

    /// Makes limits with the default values.
    public init() {}
}
