import OrreryECS
import OrrerySync

/// Knows how long ticks and systems took, for those who look at the server.
struct SimulationReporter {
    private let schedule: Schedule
    /// Whether the durations of systems are reported. They are measured with the machine's clock: where a server has
    /// another one, they would make a run differ from its repetition.
    private let reportsSystemTimes: Bool
    private var ticks = SystemTimings(name: "")
    private var overrunCount: UInt64 = 0
    private var skippedCount: UInt64 = 0

    init(_ schedule: Schedule, reportsSystemTimes: Bool) {
        self.schedule = schedule
        self.reportsSystemTimes = reportsSystemTimes
    }

    mutating func tickRan(for duration: Duration, isOverrun: Bool) {
        ticks.ran(for: duration)
        if isOverrun { overrunCount += 1 }
    }

    mutating func ticksWereSkipped(_ count: UInt64) { skippedCount += count }

    func report(on world: World) -> SimulationReport {
        var times = SimulationReport.TickTimes()
        times.newest = ticks.last
        times.mean = ticks.mean
        times.long = ticks.percentile99
        times.overrunCount = overrunCount
        times.skippedCount = skippedCount
        return SimulationReport(ticks: times, systems: schedule.describeSystems(on: world).map(status))
    }

    private func status(of system: SystemDescription) -> SystemStatus {
        var status = SystemStatus()
        status.name = system.name
        status.phase = "\(system.phase)"
        status.stage = UInt32(clamping: system.stage)
        status.terms = system.queries.map { query in
            StatusTable.text(ofTerms: query.terms.lazy.map { ($0.component, $0.isOptional) })
        }
        status.entities = UInt64(system.entityCount)
        guard let timings = system.timings else { return status }
        status.runs = timings.runCount
        status.unmatchedRuns = timings.unmatchedRunCount
        guard reportsSystemTimes else { return status }
        status.time = timings.last.microseconds
        status.meanTime = timings.mean.microseconds
        status.longTime = timings.percentile99.microseconds
        return status
    }
}
