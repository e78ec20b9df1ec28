/// Events in one list, and how far each reader has come.
struct ModelEvents {
    private var tick = 0
    private var sent: [(tick: Int, signal: ModelSignal)] = []
    /// How many were taken out of the list.
    private var forgottenCount = 0
    private var readers: [String: Int] = [:]

    /// Those of this tick and of the one before.
    var kept: [ModelSignal] { sent.map(\.signal) }

    mutating func send(_ signal: ModelSignal) { sent.append((tick, signal)) }

    mutating func endTick() {
        tick += 1
        forgottenCount += sent.count { $0.tick < tick - 1 }
        sent.removeAll { $0.tick < tick - 1 }
    }

    /// What a reader has not heard yet.
    mutating func read(by reader: String) -> ModelOutcome {
        let heardCount = readers[reader, default: 0]
        readers[reader] = forgottenCount + sent.count
        return .heard(
            kept.suffix(forgottenCount + sent.count - max(heardCount, forgottenCount)),
            missed: max(0, forgottenCount - heardCount))
    }
}
