public import OrreryWire

/// The share of a server's resources that each session gets, and when the server closes a session. docs/LIMITS.md lists
/// these limits with those of the other layers.
public struct SyncServerConfiguration: Sendable {
    /// Limits of the messages of clients, and of this server's own.
    public var limits = WireLimits()
    /// The longest message that clients may send, in bytes; the server tells them. A longer one closes the connection
    /// with 1009. Stops a client that makes the server buffer without bound.
    public var clientMessageSizeMax = 64 << 10
    /// The most bytes that a client may have unacknowledged before the server stops sending to it; fewer if its link is
    /// slow (``LinkWindow``). One batch may exceed it. Stops a slow client from being sent data that is old by the time
    /// it reads it.
    public var windowSize = 1 << 20
    /// Ticks that a client may have unacknowledged before the server stops sending to it.
    public var windowTickCount: UInt64 = 64
    /// Units of work per second for the messages of all clients. A message is one unit; one that is longer or asks for
    /// more is several. A quarter is reserved for clients that have not sent Hello yet. Beyond the limit, clients are
    /// read later. Stops clients that keep the server busy from costing others a tick.
    public var requestWorkRateMax = 120_000
    /// Units of work that one client may cause in a period (a tick, or 50 ms if no tick comes); beyond it, the client
    /// is read in the next period. Stops one client from using up the budget of all.
    public var turnWorkMax = 256
    /// Units of work per second for making batches. Four cells that are looked up separately are one unit, sixteen rows
    /// of a column are one, and a message to a session is 32 plus one for each 512 bytes. Beyond the limit, sessions
    /// fall behind; those with the cheapest batches fall behind last. Stops sessions that watch much from costing
    /// others a tick.
    public var buildWorkRateMax = 6_000_000
    /// Bytes of answers that may wait for one client, as allocated; beyond it, the client is not read until it has
    /// taken half. Stops a client that sends requests and does not read the answers.
    public var answerSizeMax = 64 << 10
    /// Bytes of waiting answers and of room reserved for answers, for all clients, as allocated. Beyond it, mutations
    /// are refused with code 9, and clients with waiting answers are not read. Stops many such clients.
    public var answersSizeMax = 16 << 20
    /// Bytes of all sessions that may wait in this process, answers to one-shot queries among them; beyond it, no
    /// session is sent changes that it missed. Stops many clients that ask for much and do not read.
    public var heldSizeMax = 64 << 20
    /// If room is short, a session with waiting bytes is closed when none was taken for this time. So is one that is
    /// sent the answer to a one-shot query, and has acknowledged nothing of it.
    public var stallTimeout: Duration = .seconds(2)
    /// Bytes per tick that joining and slow sessions together may be sent, so that they do not delay the tick.
    public var catchUpSizePerTick = 8 << 20
    /// A first state estimated at more than this is sent over several ticks.
    public var wholeSizeMax = 16 << 20
    /// Mutations of a session per second, and at once after a pause; further ones are read later. Stops a client from
    /// using up the ticks.
    public var mutationRateMax = 1000
    /// Mutations of a client whose outcome it was not yet sent, and also outcomes that are remembered for it. Further
    /// mutations are refused with code 9; older outcomes are forgotten. Stops a client that sends requests and does not
    /// read the answers.
    public var pendingMutationMax = 256
    /// Bytes of a value that is remembered with an outcome, in case the mutation is sent again; a longer value is sent
    /// only once. Stops clients whose refused mutations fill the memory.
    public var rememberedValueSizeMax = 256
    /// Bytes of the remembered outcomes of all clients, as allocated; beyond it, the clients with the most lose the
    /// older half. Stops many clients from filling the memory with outcomes that nobody will ask for again.
    public var rememberedSizeMax = 32 << 20
    /// Entities that the subscriptions of a session list together; a further one is refused with code 9. Stops a client
    /// whose subscriptions take long to compute.
    public var listedEntityCountMax = 16_384
    /// Bytes of text that the queries of a session have together; a further one is refused with code 9. So all of them
    /// fit into one `Hello`.
    public var queryTextSizeMax = 32 << 10
    /// Different queries whose members are told, of all sessions together: each is evaluated in every tick in which
    /// something changes that it reads. Beyond it, a further one of a session that has more than
    /// ``memberQueryGrant`` is refused with code 9. Stops clients whose queries take up the ticks.
    public var memberQueryCountMax = 4096
    /// Such queries that each session may always have.
    public var memberQueryGrant = 4
    /// What the live queries of a session may cost in a second: for each tick, the rows that are tested, times the
    /// nodes of the query. A session is charged for a query as if it alone had it. Beyond it, the query that costs most
    /// is ended with code 12. Some 1 ns each. Stops clients whose queries take up the ticks.
    public var evaluationRateMax = 60_000_000
    /// What the live queries of all sessions may cost in a second, each once; beyond it, the sessions that cost most
    /// lose the query that costs most. Stops many such clients.
    public var evaluationRateTotalMax = 200_000_000
    /// Units of work per second for determining the members of new queries, each session in turn. A unit is 2048 rows
    /// times nodes. Beyond it, their first states come later. Stops clients whose queries take long to determine from
    /// costing others a tick.
    public var firstEvaluationRateMax = 300_000
    /// Rows that are looked at in a tick to find out who is in the window of a live query (`limit`). A query for which
    /// that is not enough is ended with code 12, kind `needsIndex`: its order needs a field that is registered as
    /// ordered. Stops clients whose queries take up the ticks.
    public var windowRowCountMax = 200_000
    /// The distance at which an entity leaves a region that it is in, divided by the distance at which it enters. So
    /// nobody enters and leaves in turn who moves to and fro at the border. From 1 to 2.
    public var regionLeaveRatio = 1.1
    /// Rows that a one-shot query may look at; one that would look at more is refused with code 12. Stops clients whose
    /// queries take up the ticks.
    public var queryRowCountMax = 1 << 20
    /// Bytes of the answer to a one-shot query; one whose answer would be longer is refused with code 12. Stops clients
    /// that make the server keep much for them.
    public var queryAnswerSizeMax = 4 << 20
    /// One-shot queries of a session that wait; a further one is refused with code 9. Stops a client that asks faster
    /// than it can be answered.
    public var waitingQueryMax = 8
    /// How long a one-shot query waits for its tick, for those before it and for room; then it is refused with code 9.
    public var queryWaitMax: Duration = .seconds(10)
    /// The shortest time between two hashes of one subscription; who asks earlier is answered later. Stops a client
    /// that keeps the server busy hashing.
    public var verifyInterval: Duration = .seconds(1)
    /// Entities that the subscriptions of all sessions list together, some 32 bytes each; a further one is refused with
    /// code 9. Stops many such clients.
    public var listedEntityCountTotalMax = 1 << 21
    /// Subscribe, Unsubscribe, Query, QueryCancel, Verify and Restart messages of a session per second, and at once
    /// after a pause; further ones are read later. Stops a client that keeps the server busy computing its missing
    /// changes.
    public var requestRateMax = 1000
    /// Clients that are remembered, connected or not; beyond it, the client that has been away the longest is
    /// forgotten.
    public var clientCountMax = 8192
    /// Clients that are each shown what is for them alone; a further one is closed with 1008. Each has a copy of what
    /// it sees. Stops many such clients from filling the memory.
    public var personalViewCountMax = 256
    /// How long a disconnected client is remembered: the server recognises its mutations when it sends them again.
    public var clientRetention: Duration = .seconds(300)
    /// Time without any message from a client after which its connection counts as dead; a client answers each
    /// heartbeat.
    public var silenceTimeout: Duration = .seconds(15)
    /// Time from the connection to the client's `Hello`.
    public var handshakeTimeout: Duration = .seconds(5)
    /// How often what the server shows of itself is brought up to date at most, while somebody looks. Stops those who
    /// look from taking up the ticks.
    public var statusInterval: Duration = .milliseconds(500)
    /// Sessions, and queries, that a server lists of itself; `orrery.Server` counts all. Stops those who look at a
    /// server with many clients from taking up the ticks.
    public var statusRowCountMax = 1000
    /// Time from the last batch or heartbeat of a session to its next heartbeat.
    public var heartbeatInterval: Duration = .seconds(1)

    /// Bytes of a first state that a client is sent before it has acknowledged anything. If the state is larger, the
    /// client is first sent an empty part.
    package static let unprovenSizeMax = 16 << 10

    /// Bytes of the sections in one part of the answer to a one-shot query; a single row may be longer. So small that
    /// the parts leave room for batches between them.
    package static let answerPartSizeMax = 16 << 10

    /// Whether queries are found by the values of fields also where a look at each of them costs less. For tests.
    package var fieldsAreAlwaysUsed = false

    /// The fields that are registered as ordered, as they stand in texts.
    package var orderedFields: [String] = []

    /// Whether new queries are evaluated in parts, however little work it is, and windows have hardly any reserve. For
    /// tests.
    package var evaluatesInParts = false

    /// Makes the default configuration.
    public init() {}

    /// The limits that clients are told.
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
        told.queryEntityCountMax = limits.queryEntityCountMax
        told.mutationPartCountMax = limits.mutationPartCountMax
        return told
    }
}
