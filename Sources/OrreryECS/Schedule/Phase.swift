/// The parts of a tick, in the order in which they run.
public enum Phase: Int, CaseIterable, Comparable, Sendable {
    /// What came from outside takes effect.
    case input
    /// The simulation moves on.
    case update
    /// What follows from the update: limits, deaths, clean-up.
    case late
    /// What is derived for observers. The change log is drained after it.
    case publish

    public static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
}
