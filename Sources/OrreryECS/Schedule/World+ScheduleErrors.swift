import Synchronization

extension World {
    /// The most errors that ``scheduleErrors`` holds; further ones are not kept.
    public static var scheduleErrorCountMax: Int { 64 }

    /// Undeclared accesses of systems to this world, each system and component once.
    ///
    /// The query that made the access had no entities, since other systems may have been writing the component.
    ///
    /// A `SimulationServer` logs these errors. Without a server, look here after the first ticks.
    /// - Complexity: O(n log n) for n errors.
    public var scheduleErrors: [ScheduleError] {
        planLock.withLock { _ in scheduleErrorOfAccess }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// How many ``scheduleErrors`` there are.
    /// - Complexity: O(1).
    package var scheduleErrorCount: Int { scheduleErrorOfAccess.count }

    /// Records an undeclared access of a system. Systems that run in parallel call it at the same time.
    func noteUndeclaredAccess(of system: String, to component: String, _ action: String) {
        let key = "\(system) \(component)"
        planLock.withLock { _ in
            guard scheduleErrorOfAccess[key] == nil, scheduleErrorOfAccess.count < Self.scheduleErrorCountMax else {
                return
            }
            scheduleErrorOfAccess[key] = ScheduleError(
                code: .accessUndeclared, system: system,
                sentence: "System '\(system)' \(action) '\(component)', which none of its parameters reads; "
                    + "add it to the terms of its query, or add .reader(\(component).self) to its parameters.")
        }
    }
}
