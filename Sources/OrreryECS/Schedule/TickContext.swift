public import OrrerySchema

/// Tells a system about the tick that it runs in, and takes its commands and events.
public struct TickContext {
    /// The tick that is running.
    public let tick: Tick
    /// The simulated time of a tick, the same for all ticks of a run, whatever the clock says.
    public let seconds: Double
    /// How many threads parallel loops may use.
    public let threadCount: Int

    let world: World
    let system: SystemState

    /// Changes to the structure of the world, applied when the system's stage has ended.
    public var commands: Commands { system.commands }

    /// Sends an event: readers in later stages see it in this tick, earlier readers in the next.
    /// - Complexity: O(1), amortised.
    public func send<Event: Sendable>(_ event: Event) { system.outbox.send(event) }

    /// Random numbers for this system in this tick: the same for the same ``World/seed``, tick, system name and stream,
    /// whatever else runs and on any number of threads.
    /// - Parameter stream: Distinguishes several uses in one run of the system.
    public func makeRandom(stream: UInt64 = 0) -> SeededGenerator {
        SeededGenerator(seed: world.seed, path: tick.rawValue, system.nameHash, stream)
    }

    /// The context of one part of a parallel loop of this system.
    func part(_ number: Int) -> TickContext {
        TickContext(
            tick: tick, seconds: seconds, threadCount: 1, world: world, system: system.parts[number])
    }
}

@available(*, unavailable)
extension TickContext: Sendable {}
