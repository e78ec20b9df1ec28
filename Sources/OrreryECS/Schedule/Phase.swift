/// The parts of a tick, in the order in which they run.
public enum Phase: Int, CaseIterable, Comparable, Sendable {
    /// Input from outside takes effect.
    case input
    /// The simulation advances.
    case update
    /// Results of the update are handled: limits, deaths, clean-up.
    case late
    /// Data for observers is derived. The change log is drained after this phase.
    case publish

    public static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
}
