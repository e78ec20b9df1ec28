import Synchronization

extension World {
    /// The most errors that ``scheduleErrors`` holds; further ones are not kept.
    public static var scheduleErrorCountMax: Int { 64 }

    /// Undeclared accesses of systems to this world, each system, component and kind of access once.
    ///
    /// The query that made the access had no entities, since other systems may have been writing the component.
    ///
    /// A `SimulationServer` logs these errors. Without a server, look here after the first ticks.
    /// - Complexity: O(n log n) for n errors.
    public var scheduleErrors: [ScheduleError] { scheduleErrors(after: 0) }

    /// The errors that came after so many others, sorted by system and sentence.
    /// - Complexity: O(1) if there are none.
    package func scheduleErrors(after count: Int) -> [ScheduleError] {
        planLock.withLock { _ in scheduleErrorList.dropFirst(count) }
            .sorted { ($0.system, $0.sentence) < ($1.system, $1.sentence) }
    }

    /// Records an undeclared access of a system. Systems that run in parallel call it at the same time.
    func noteUndeclaredAccess(of system: String, to component: String, _ action: String) {
        let error = ScheduleError(
            code: .accessUndeclared, system: system,
            sentence: "System '\(system)' \(action) '\(component)', which none of its parameters reads; "
                + "add it to the terms of its query, or add .reader(\(component).self) to its parameters.")
        planLock.withLock { _ in
            guard scheduleErrorList.count < Self.scheduleErrorCountMax, !scheduleErrorList.contains(error) else {
                return
            }
            scheduleErrorList.append(error)
        }
    }
}
