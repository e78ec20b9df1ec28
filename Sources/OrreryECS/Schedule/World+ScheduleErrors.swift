import Synchronization

extension World {
    /// The most errors that ``scheduleErrors`` holds; further ones are not kept.
    public static var scheduleErrorCountMax: Int { 64 }

    /// What systems asked this world for without having said so, each once, by system and component. The query that
    /// asked had no entities: others may have written the component at that moment.
    ///
    /// A `SimulationServer` logs them. Where there is no server, look here after the first ticks.
    /// - Complexity: O(n log n) for n errors.
    public var scheduleErrors: [ScheduleError] {
        planLock.withLock { _ in scheduleErrorOfAccess }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// How many ``scheduleErrors`` there are.
    /// - Complexity: O(1).
    package var scheduleErrorCount: Int { scheduleErrorOfAccess.count }

    /// Keeps that a system asked for what it may not. Systems that run side by side do it at the same time.
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
