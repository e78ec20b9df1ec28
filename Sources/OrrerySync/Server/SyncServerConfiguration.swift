public import OrreryWire

/// How much a server gives to each session, and when it gives up on one. docs/LIMITS.md lists it with the limits of the
/// other layers.
public struct SyncServerConfiguration: Sendable {
    /// What the messages of clients may hold, and those of this server.
    public var limits = WireLimits()
    /// The longest message that clients may send, in bytes; told to them. A longer one closes with 1009. Stops a client
    /// that has the server buffer without end.
    public var clientMessageSizeMax = 64 << 10
    /// Bytes that a client may have unacknowledged before nothing more is sent to it, at most: fewer where its link is
    /// slow (``LinkWindow``). One batch may go beyond. Stops a slow client from being sent what is old by the time that
    /// it reads it.
    public var windowSize = 1 << 20
    /// Ticks that a client may have unacknowledged before nothing more is sent to it.
    public var windowTickCount: UInt64 = 64
    /// Units of work in a second for what all clients say: a message is one, and what is longer or asks for more counts
    /// as several; a quarter is for those who have not said Hello. Beyond it clients are read later. Stops clients that
    /// keep the server busy from costing others a tick.
    public var requestWorkRateMax = 120_000
    /// Units of work that one client may cause in a period (a tick, or 50 ms where none comes); beyond it, it is read
    /// in the next. Stops one client from taking the turn of all.
    public var turnWorkMax = 256
    /// Units of work in a second for making batches: a cell that is looked at by itself is one, sixteen rows of a
    /// column are one, and a message to a session is 32 and one for each 512 bytes. Beyond it sessions fall behind,
    /// those with the cheapest batches last. Stops sessions that watch much from costing others a tick.
    public var buildWorkRateMax = 6_000_000
    /// Bytes of answers that may wait for one client, as allocated; beyond it, the client is not read from until it has
    /// taken half. Stops a client that asks and does not read.
    public var answerSizeMax = 64 << 10
    /// Bytes of answers that wait and of room kept for answers, of all clients, as allocated. Beyond it mutations are
    /// refused with code 9, and whoever has an answer waiting is not read from. Stops many such clients.
    public var answersSizeMax = 16 << 20
    /// Bytes of all sessions that may wait in this process; beyond it nobody is sent what he missed. Stops many that
    /// ask for much and do not read.
    public var heldSizeMax = 64 << 20
    /// Time without a byte taken after which a session that holds something is closed where room is short.
    public var stallTimeout: Duration = .seconds(2)
    /// Bytes that joining and slow sessions together may be sent per tick, so that they do not delay it.
    public var catchUpSizePerTick = 8 << 20
    /// A first state estimated at more than this is sent over several ticks.
    public var wholeSizeMax = 16 << 20
    /// Mutations of a session in a second, and at once after a pause; further ones are read later. Stops a client from
    /// taking the ticks for itself.
    public var mutationRateMax = 1000
    /// Mutations of a client without an outcome that it was told, and those whose outcome is remembered; further ones
    /// are refused with code 9, older ones forgotten. Stops a client that asks and does not read.
    public var pendingMutationMax = 256
    /// Bytes of a value that an outcome is remembered with, for a mutation that is sent again; a longer one is said
    /// once. Stops clients whose refused mutations fill the memory.
    public var rememberedValueSizeMax = 256
    /// Bytes of the outcomes that are remembered of all clients, as allocated; beyond it, those of whom most is
    /// remembered lose the older half. Stops many clients from filling the memory with what nobody will ask for again.
    public var rememberedSizeMax = 32 << 20
    /// Entities that the subscriptions of a session list together; a further one is refused with code 9. Stops a client
    /// whose interests take long to work out.
    public var listedEntityCountMax = 16_384
    /// Entities that the subscriptions of all sessions list together, some 32 bytes each; a further one is refused with
    /// code 9. Stops many such clients.
    public var listedEntityCountTotalMax = 1 << 21
    /// Subscribe and Unsubscribe messages of a session in a second, and at once after a pause; further ones are read
    /// later. Stops a client that keeps the server busy with working out what it has not got.
    public var requestRateMax = 1000
    /// Clients that are remembered, connected or not; beyond, the one that has been away the longest is forgotten.
    public var clientCountMax = 8192
    /// How long a client that went away is remembered: its mutations are recognised when it sends them again.
    public var clientRetention: Duration = .seconds(300)
    /// Time without any message from a client, who answers each heartbeat, after which its connection is taken for
    /// dead.
    public var silenceTimeout: Duration = .seconds(15)
    /// Time from the connection to its `Hello`.
    public var handshakeTimeout: Duration = .seconds(5)
    /// Time from the last batch or heartbeat of a session to its next heartbeat.
    public var heartbeatInterval: Duration = .seconds(1)

    /// Bytes of a first state that a client is sent before it has acknowledged anything; before more, it is sent an
    /// empty part.
    package static let unprovenSizeMax = 16 << 10

    /// The defaults.
    public init() {}

    /// What clients are told of these.
    var told: ServerLimits {
        var told = ServerLimits()
        told.clientMessageSizeMax = clientMessageSizeMax
        told.messageSizeMax = limits.messageSizeMax
        told.entityIndexMax = Int(limits.entityIndexMax)
        told.valueSizeMax = limits.valueSizeMax
        told.reasonSizeMax = limits.reasonSizeMax
        told.windowSize = windowSize
        told.windowTickCount = Int(clamping: windowTickCount)
        told.pendingMutationMax = pendingMutationMax
        told.subscriptionCountMax = limits.subscriptionCountMax
        told.selectionEntityCountMax = limits.selectionEntityCountMax
        told.mutationPartCountMax = limits.mutationPartCountMax
        return told
    }
}
