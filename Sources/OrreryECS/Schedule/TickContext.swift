public import OrrerySchema

/// What a system knows of the tick that it runs in, and where it gives what takes effect later.
public struct TickContext {
    /// The tick that is run.
    public let tick: Tick
    /// How much simulated time a tick is. The same for all ticks of a run, whatever the clock says.
    public let seconds: Double
    /// How many threads parallel loops may use.
    public let threadCount: Int

    let world: World
    let system: SystemState

    /// Changes to the structure of the world, applied when the system's stage has ended.
    public var commands: Commands { system.commands }

    /// Sends an event: readers in later stages of this tick, and those before in the next, see it.
    /// - Complexity: O(1), amortised.
    public func send<Event: Sendable>(_ event: Event) { system.outbox.send(event) }

    /// Random numbers of this system in this tick: the same for the same ``World/seed``, tick, system's name and
    /// stream, whatever else runs and on however many threads.
    /// - Parameter stream: tells several uses in one run of the system from each other.
    public func makeRandom(stream: UInt64 = 0) -> SeededGenerator {
        SeededGenerator(seed: world.seed, path: tick.rawValue, system.nameHash, stream)
    }

    /// What one part of a parallel loop of this system is told.
    func part(_ number: Int) -> TickContext {
        TickContext(
            tick: tick, seconds: seconds, threadCount: 1, world: world, system: system.parts[number])
    }
}

@available(*, unavailable)
extension TickContext: Sendable {}
