/// A problem of a schedule.
///
/// Problems are found when a system is added, and reported by ``Schedule/validate()`` and when the schedule first runs.
/// Only `accessUndeclared` is found when it happens, and reported by ``World/scheduleErrors``.
public struct ScheduleError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of an error.
    public enum Code: String, Sendable {
        /// Two systems have the same name.
        case nameTaken
        /// One system declares twice what it writes, or one component in two terms, so that its closure would hold one
        /// value in two places.
        case accessConflict
        /// An order names a system that does not exist.
        case orderUnknown
        /// An order names a system of another phase.
        case orderOutsidePhase
        /// The orders of systems form a cycle.
        case orderCircular
        /// A system queries changes of a component, or sorts by it, but none of its parameters reads it.
        case accessUndeclared
    }

    /// What kind of error it is.
    public let code: Code
    /// The name of the system.
    public let system: String
    /// What is wrong and what to do about it, as one sentence.
    public let sentence: String

    public var description: String { sentence }
}
