package import OrrerySchema
import OrreryStore
import OrreryWire

/// How many mutations were refused before they reached the world, by code.
struct RefusedMutations {
    private var counts = [UInt64](repeating: 0, count: RefusalCode.named.count)
    private var isEmpty = true

    mutating func add(_ code: RefusalCode) {
        counts[Int(code.rawValue) - 1] += 1
        isEmpty = false
    }

    mutating func take() -> [(RefusalCode, UInt64)] {
        guard !isEmpty else { return [] }
        defer { self = RefusedMutations() }
        return Array(zip(RefusalCode.named.map(\.code), counts))
    }
}

extension SyncServer {
    /// How many mutations were refused without asking the world since the last call, by code. (The world's decisions
    /// are in ``mutationsFinished(_:)``.)
    package mutating func takeRefusedMutations() -> [(RefusalCode, UInt64)] { refusedMutations.take() }

    /// Answers to mutations that wait until their sessions have reached their ticks.
    package var waitingAnswerCount: Int { sessions.reduce(0) { $0 + $1.answers.count } }

    /// How many ticks the session that is farthest behind has not acknowledged. A session that has acknowledged
    /// everything it was to get counts as 0, and so does one without its first state.
    /// - Complexity: O(sessions).
    package var longestLag: UInt64 {
        sessions.reduce(0) { max($0, $1.lag(at: store.tick)) }
    }
}

extension Session {
    /// The ticks that it has not acknowledged.
    func lag(at tick: Tick) -> UInt64 {
        guard phase == .ready, delivery.acknowledgedTick > .zero else { return 0 }
        guard isLive else { return tick.rawValue - min(tick, delivery.acknowledgedTick).rawValue }
        // A heartbeat names a tick, but sends no state to acknowledge.
        guard delivery.owesAcknowledgement else { return 0 }
        return delivery.lastSentTick.rawValue - min(delivery.lastSentTick, delivery.acknowledgedTick).rawValue
    }
}
