public import OrrerySchema

/// What a system knows of the tick that it runs in.
public struct TickContext {
    /// The tick that is run.
    public let tick: Tick
    /// How much simulated time a tick is. The same for all ticks of a run, whatever the clock says.
    public let seconds: Double
    /// Changes to the structure of the world, applied when the system has ended.
    public let commands: Commands
}

@available(*, unavailable)
extension TickContext: Sendable {}
