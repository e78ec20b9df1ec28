import CoreMetrics
import OrrerySchema
import OrreryWire
import Synchronization

/// Refused input of peers, by kind. The kinds are fixed, so that no peer can make the metrics grow.
enum RefusedInput: String, CaseIterable, Sendable {
    /// Connections that never made a request: no TLS, no HTTP, too slow, one too many.
    case handshake
    case badRequest = "bad_request"
    case unauthorized
    case forbidden
    case notFound = "not_found"
    /// Connections or pages refused because of the load of other peers.
    case full
    /// No file or memory was left for a connection; it waits.
    case exhausted
    /// A frame or message that the protocol forbids.
    case protocolViolation = "protocol"
    case text
    case messageSize = "message_size"
    /// Bytes that do not match their declared kind.
    case payload
    case limit
    case version
    case helloTimeout = "hello_timeout"
    case slowReader = "slow_reader"
    /// Nothing was received for too long.
    case silence
    /// A part that must be understood, but is unknown.
    case notSupported = "not_supported"
    case other
}

/// The outcomes of mutations, as labels: `applied`, then the codes of refusals in the order of their numbers.
private enum OutcomeLabel {
    static let all = ["applied"] + RefusalCode.named.map { snakeCase($0.name) }

    private static func snakeCase(_ name: String) -> String {
        name.map { $0.isUppercase ? "_\($0.lowercased())" : "\($0)" }.joined()
    }
}

/// The metrics of one server, one method per event. Recording is a few atomic additions from any thread, without a lock
/// or an allocation of its own (a backend of the user's may do either).
struct ServerMetrics: Sendable {
    private let registry: PrometheusRegistry
    private let tickTime: Timer
    private let tickOverruns: Counter
    private let ticksSkipped: Counter
    private let entities: Meter
    private let sessions: Meter
    private let lag: Meter
    private let sentBytes: Counter
    private let receivedBytes: Counter
    private let encodeTime: Timer
    private let mutations: [Counter]
    private let refusals: [Counter]
    private let leftOutValues: Counter
    private let droppedCommands: Counter
    private let droppedEvents: Counter
    private let unmatchedRuns: [Meter]
    private let droppedLogLines: CountUpTo

    /// - Parameter factory: A second destination besides the page of this server; `nil` stands for the factory that
    ///   `MetricsSystem` was bootstrapped with, if it was.
    /// - Parameter systems: The names of the systems whose queries may match no entities; the program chose them.
    init(factory: (any MetricsFactory)? = nil, systems: [String] = []) {
        let registry = PrometheusRegistry(Self.descriptions)
        let other = factory ?? MetricsSystem.factory
        let all: any MetricsFactory =
            other is NOOPMetricsHandler ? registry : MultiplexMetricsHandler(factories: [registry, other])
        self.registry = registry
        tickTime = Timer(label: "orrery_tick_seconds", factory: all)
        tickOverruns = Counter(label: "orrery_tick_overruns_total", factory: all)
        ticksSkipped = Counter(label: "orrery_ticks_skipped_total", factory: all)
        entities = Meter(label: "orrery_entities", factory: all)
        sessions = Meter(label: "orrery_sessions", factory: all)
        lag = Meter(label: "orrery_session_lag_ticks", factory: all)
        sentBytes = Counter(label: "orrery_sent_bytes_total", factory: all)
        receivedBytes = Counter(label: "orrery_received_bytes_total", factory: all)
        encodeTime = Timer(label: "orrery_encode_seconds", factory: all)
        droppedLogLines = CountUpTo(Counter(label: "orrery_log_lines_dropped_total", factory: all))
        leftOutValues = Counter(label: "orrery_values_left_out_total", factory: all)
        droppedCommands = Counter(label: "orrery_commands_dropped_total", factory: all)
        droppedEvents = Counter(label: "orrery_events_dropped_total", factory: all)
        unmatchedRuns = systems.map {
            Meter(label: "orrery_system_unmatched_runs", dimensions: [("system", $0)], factory: all)
        }
        mutations = OutcomeLabel.all.map {
            Counter(label: "orrery_mutations_total", dimensions: [("outcome", $0)], factory: all)
        }
        refusals = RefusedInput.allCases.map {
            Counter(label: "orrery_refused_input_total", dimensions: [("kind", $0.rawValue)], factory: all)
        }
    }

    /// The text of the metrics page.
    var text: String { registry.text }

    /// Records that a tick of the world ran.
    /// - Parameter isOverrun: Whether it took longer than the tick period.
    func tickRan(nanoseconds: UInt64, isOverrun: Bool) {
        tickTime.recordNanoseconds(Int64(clamping: nanoseconds))
        if isOverrun { tickOverruns.increment() }
    }

    /// Ticks were skipped to catch up with the clock.
    func ticksWereSkipped(_ count: UInt64) { ticksSkipped.increment(by: count) }

    func worldTaken(entityCount: Int) { entities.set(entityCount) }

    /// - Parameter lagMax: Ticks by which the session that is farthest behind lags.
    func sessionsCounted(_ count: Int, lagMax: UInt64) {
        sessions.set(count)
        lag.set(lagMax)
    }

    func sent(byteCount: Int) { sentBytes.increment(by: byteCount) }
    func received(byteCount: Int) { receivedBytes.increment(by: byteCount) }

    /// The batches of a tick were made and sent.
    func batchesMade(nanoseconds: UInt64) { encodeTime.recordNanoseconds(Int64(clamping: nanoseconds)) }

    func mutationAnswered(_ outcome: MutationOutcome) {
        switch outcome {
        case .applied: mutations[0].increment()
        case .refused(let refusal): mutationsRefused(refusal.code)
        }
    }

    func mutationsRefused(_ code: RefusalCode, count: UInt64 = 1) {
        guard count > 0, mutations.indices.contains(Int(code.rawValue)) else { return }
        mutations[Int(code.rawValue)].increment(by: count)
    }

    /// Commands of the world were dropped: their entity was dead, or the world was full.
    func commandsDropped(_ count: Int) { droppedCommands.increment(by: count) }

    /// Events were dropped: too many of their type in one tick.
    func eventsDropped(_ count: UInt64) { droppedEvents.increment(by: count) }

    /// - Parameters:
    ///   - system: Its position among the names given to the initializer.
    ///   - count: The number of its newest runs, one after the other, that matched no entity.
    func systemRanUnmatched(_ system: Int, count: UInt64) { unmatchedRuns[system].set(count) }

    /// Values that cannot be sent were removed from the clients' view.
    func valuesLeftOut(_ count: Int) { leftOutValues.increment(by: count) }

    /// - Parameter total: The count since the program began.
    func logLinesDropped(_ total: UInt64) { droppedLogLines.count(upTo: total) }

    func inputRefused(_ kind: RefusedInput) {
        refusals[RefusedInput.allCases.firstIndex(of: kind)!].increment()
    }

    /// From 50 µs to 2.5 s, in nanoseconds.
    private static let timeBounds: [UInt64] = [
        50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
        100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000,
    ]

    private static let descriptions: [String: PrometheusRegistry.Description] = [
        "orrery_tick_seconds": .init(
            help: "Time that a tick of the world takes: what arrived, all systems, the hand-over of the changes.",
            bounds: timeBounds),
        "orrery_tick_overruns_total": .init(help: "Ticks that took longer than the time from one tick to the next."),
        "orrery_ticks_skipped_total": .init(help: "Ticks that were given up because the ones before took too long."),
        "orrery_entities": .init(help: "Living entities."),
        "orrery_sessions": .init(help: "Clients that are connected."),
        "orrery_session_lag_ticks": .init(
            help: "Ticks that the client which is farthest behind has not yet acknowledged."),
        "orrery_sent_bytes_total": .init(help: "Bytes of messages to clients, before framing and TLS."),
        "orrery_received_bytes_total": .init(help: "Bytes of messages from clients, after TLS and framing."),
        "orrery_encode_seconds": .init(
            help: "Time to make the batches of a tick and give them to the sockets.", bounds: timeBounds),
        "orrery_mutations_total": .init(help: "Mutations that clients asked for, by outcome."),
        "orrery_commands_dropped_total": .init(
            help: "Commands of the world that had no effect, since their entity had died or the world was full."),
        "orrery_events_dropped_total": .init(
            help: "Events of the world that nobody hears, since too many of their type came in one tick."),
        "orrery_system_unmatched_runs": .init(
            help: "Newest runs of a system, one after the other, in which no entity had what its query asks for."),
        "orrery_values_left_out_total": .init(
            help: "Values that clients are not shown, since they are too long or cannot be encoded."),
        "orrery_refused_input_total": .init(help: "What peers sent that was not taken, by kind."),
        "orrery_log_lines_dropped_total": .init(
            help: "Lines of the log that found no room because it could not be written."),
    ]
}

/// A counter of events that are counted elsewhere.
private final class CountUpTo: Sendable {
    private let counter: Counter
    private let counted = Mutex<UInt64>(0)

    init(_ counter: Counter) { self.counter = counter }

    func count(upTo total: UInt64) {
        let new = counted.withLock { counted in
            defer { counted = max(counted, total) }
            return total > counted ? total - counted : 0
        }
        if new > 0 { counter.increment(by: new) }
    }
}
