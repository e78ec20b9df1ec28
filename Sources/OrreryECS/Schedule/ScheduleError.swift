/// What is wrong with a schedule. Found when a system is added, told by ``Schedule/validate()`` and when the schedule
/// first runs; `accessUndeclared` when it happens, told by ``World/scheduleErrors``.
public struct ScheduleError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of an error.
    public enum Code: String, Sendable {
        /// Two systems have the same name.
        case nameTaken
        /// One system asks twice for what it writes, or for one component in two terms, so that its closure would hold
        /// one value in two places.
        case accessConflict
        /// An order names a system that there is not.
        case orderUnknown
        /// An order names a system of another phase.
        case orderOutsidePhase
        /// Systems are ordered in a circle.
        case orderCircular
        /// A system asks for changes of a component, or for an order by it, that none of its parameters reads.
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
