public import OrrerySchema

/// How a server is doing: the resource `orrery.Server`.
///
/// A server shows itself with five components. They are no part of the world: `*` does not show them, and no query is
/// of both. They are made at most twice a second, while somebody asks for them, for clients that may observe and see
/// everything.
///
/// ```swift
/// let systems = try await connection.view(of: SystemStatus.self)
/// let slow = try await connection.query("orrery.System where orrery.System.time > 1000")
/// ```
public struct ServerStatus: Component, Hashable, BitwiseCopyable {
    /// The tick of the world.
    public var tick: UInt64 = 0
    /// How often the world is to tick, in hertz.
    public var tickRate = 0.0
    /// The life of the world.
    public var epoch: UInt64 = 0
    /// The time since the server was made, in seconds.
    public var uptime = 0.0
    /// The duration of the newest tick, in microseconds.
    public var tickTime = 0.0
    /// The mean duration of the newest 600 ticks, in microseconds.
    public var meanTickTime = 0.0
    /// The duration that 99 of 100 of the newest 600 ticks did not exceed, in microseconds.
    public var longTickTime = 0.0
    /// Ticks that took longer than the tick period.
    public var overruns: UInt64 = 0
    /// Ticks that were skipped, because earlier ones took too long.
    public var skippedTicks: UInt64 = 0
    /// Living entities of the world.
    public var entities: UInt64 = 0
    /// Connected clients.
    public var sessions: UInt64 = 0
    /// Different queries of connected clients.
    public var queries: UInt64 = 0
    /// Queries of lost connections, kept for their clients to come back.
    public var frozenQueries: UInt64 = 0
    /// Bytes of everything that clients see, as it is kept for them.
    public var storeSize: UInt64 = 0

    /// Creates zeros.
    public init() {}

    public static var componentName: String { "orrery.Server" }
    public static var documentation: String? { "How the server is doing." }
    public static var annotations: [FieldAnnotation<ServerStatus>] {
        [
            .init(\.tickRate, unit: "Hz"), .init(\.epoch, "The life of the world."), .init(\.uptime, unit: "s"),
            .init(\.tickTime, unit: "us", "The newest tick."),
            .init(\.meanTickTime, unit: "us", "The newest 600 ticks."),
            .init(\.longTickTime, unit: "us", "99 of 100 of the newest 600 ticks took at most this."),
            .init(\.overruns, "Ticks that took longer than the tick period."),
            .init(\.skippedTicks, "Ticks that were skipped, because earlier ones took too long."),
            .init(\.frozenQueries, "Kept for clients whose connections were lost."),
            .init(\.storeSize, unit: "B", "What clients see, as it is kept for them."),
        ]
    }
}

/// A system of the simulation: `orrery.System`.
public struct SystemStatus: Component, Hashable, Codable {
    /// Its name in the schedule.
    public var name = ""
    /// The duration of the newest run, in microseconds.
    public var time = 0.0
    /// The mean duration of the newest 600 runs, in microseconds.
    public var meanTime = 0.0
    /// The duration that 99 of 100 of the newest 600 runs did not exceed, in microseconds.
    public var longTime = 0.0
    /// Entities that its queries match, together.
    public var entities: UInt64 = 0
    /// Its runs so far.
    public var runs: UInt64 = 0
    /// The newest runs in a row in which its queries matched nothing.
    public var unmatchedRuns: UInt64 = 0
    /// The phase in which it runs: `input`, `update`, `late` or `publish`.
    public var phase = ""
    /// Its stage of the tick, from 0. Systems of one stage may run in parallel.
    public var stage: UInt32 = 0
    /// What it asks for, as a text of the query language, one for each of its queries; empty if it takes the whole
    /// world. How its code narrows them is not known.
    public var terms: [String] = []

    /// Creates a system without a name.
    public init() {}

    public static var componentName: String { "orrery.System" }
    public static var documentation: String? { "A system of the simulation." }
    public static var annotations: [FieldAnnotation<SystemStatus>] {
        [
            .init(\.stage, "Systems of one stage may run in parallel."),
            .init(\.terms, "What it asks for, as texts of the query language."),
            .init(\.unmatchedRuns, "The newest runs in a row in which its queries matched nothing."),
            .init(\.time, unit: "us", "The newest run."), .init(\.meanTime, unit: "us", "The newest 600 runs."),
            .init(\.longTime, unit: "us", "99 of 100 of the newest 600 runs took at most this."),
        ]
    }
}

/// A connected client: `orrery.Session`.
public struct SessionStatus: Component, Hashable, Codable {
    /// The number of the connection.
    public var session: UInt64 = 0
    /// The number of the client, which stays the same when it comes back.
    public var client: UInt64 = 0
    /// How the client calls itself.
    public var name = ""
    /// Whose it is, as the server's authorizer says; empty if it does not.
    public var subject = ""
    /// Ticks that the client has not acknowledged.
    public var lag: UInt64 = 0
    /// Bytes of state that it was sent.
    public var sent: UInt64 = 0
    /// Those of them that it has not acknowledged.
    public var unacknowledged: UInt64 = 0
    /// Bytes that wait for it in the server's process.
    public var waiting: UInt64 = 0
    /// Its subscriptions.
    public var queries: UInt32 = 0
    /// Its one-shot queries that wait for an answer.
    public var waitingQueries: UInt32 = 0
    /// Whether it sees everything.
    public var seesEverything = false

    /// Creates a session without a name.
    public init() {}

    public static var componentName: String { "orrery.Session" }
    public static var documentation: String? { "A connected client." }
    public static var annotations: [FieldAnnotation<SessionStatus>] {
        [
            .init(\.client, "Stays the same when the client comes back."),
            .init(\.lag, unit: "ticks", "Not acknowledged by the client."), .init(\.sent, unit: "B"),
            .init(\.unacknowledged, unit: "B"), .init(\.waiting, unit: "B", "In the server's process."),
            .init(\.waitingQueries, "One-shot queries without an answer."),
        ]
    }
}

/// A component or resource that clients see: `orrery.Component`.
public struct ComponentStatus: Component, Hashable, Codable {
    /// Its name.
    public var name = ""
    /// Whether it is a resource.
    public var isResource = false
    /// Entities that have it; 1 for a resource that is there.
    public var rows: UInt64 = 0
    /// Its changes so far: values written that differ, rows that came and went.
    public var changes: UInt64 = 0
    /// Changes in a tick, on average since this was last shown.
    public var changesPerTick = 0.0
    /// Bytes of its values that were encoded for clients so far. What is encoded once may be sent to many.
    public var encoded: UInt64 = 0
    /// Bytes that its values take in the server, as it keeps them for clients.
    public var size: UInt64 = 0

    /// Creates a component without a name.
    public init() {}

    public static var componentName: String { "orrery.Component" }
    public static var documentation: String? { "A component or resource that clients see." }
    public static var annotations: [FieldAnnotation<ComponentStatus>] {
        [
            .init(\.rows, "Entities that have it."), .init(\.changes, "Values that differ, rows that came and went."),
            .init(\.changesPerTick, "Since this was last shown."),
            .init(\.encoded, unit: "B", "What is encoded once may be sent to many."), .init(\.size, unit: "B"),
        ]
    }
}

/// A query that connected clients have: `orrery.Query`.
public struct QueryStatus: Component, Hashable, Codable {
    /// The server's number of the query. Each class of clients has its own numbers.
    public var number: UInt64 = 0
    /// How the server reads it, at most ``textSizeMax`` bytes of it.
    public var text = ""
    /// The subscriptions that have it.
    public var subscriptions: UInt32 = 0
    /// Its members, if they are told one by one; `nil` for a query of whole components.
    public var members: UInt64?
    /// Terms and conditions: what a row costs at most when it is tested.
    public var nodes: UInt32 = 0
    /// Rows that were tested for it so far.
    public var tested: UInt64 = 0
    /// Bytes that were encoded for it so far, without those of a query of whole components. What is encoded once may be
    /// sent to many.
    public var encoded: UInt64 = 0
    /// Whether it is of clients that see everything.
    public var seesEverything = false

    /// Bytes of ``text``. A query may list thousands of entities.
    public static let textSizeMax = 1024

    /// Creates an empty query.
    public init() {}

    public static var componentName: String { "orrery.Query" }
    public static var documentation: String? { "A query that connected clients have." }
    public static var annotations: [FieldAnnotation<QueryStatus>] {
        [
            .init(\.text, "As the server reads it."), .init(\.members, "None for a query of whole components."),
            .init(\.nodes, "Terms and conditions: what a row costs at most."),
            .init(\.tested, "Rows that were tested for it so far."),
            .init(\.encoded, unit: "B", "Encoded for it so far; what is encoded once may be sent to many."),
        ]
    }
}
