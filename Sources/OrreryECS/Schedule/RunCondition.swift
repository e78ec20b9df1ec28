internal import OrrerySchema

/// Decides whether a system runs in a tick.
///
/// The system counts as reading what its condition reads: a system that writes it does not run in parallel with this
/// one.
public struct RunCondition: Sendable {
    /// Must not be written while the system runs, or the next check would treat the write as already seen.
    let accesses: [SystemAccess]
    let holds: @Sendable (World, _ lastRun: UInt64) -> Bool

    private init(
        reading accesses: [SystemAccess] = [], _ holds: @escaping @Sendable (World, _ lastRun: UInt64) -> Bool
    ) {
        self.accesses = accesses
        self.holds = holds
    }

    /// Runs in every tick.
    public static let always = RunCondition { _, _ in true }

    /// Runs in ticks whose number is a multiple of `ticks`.
    /// - Precondition: `ticks` is at least 1.
    public static func every(ticks: UInt64) -> RunCondition {
        precondition(ticks >= 1, "a system runs every tick at most, not every \(ticks)")
        return RunCondition { world, _ in world.tick.rawValue.isMultiple(of: ticks) }
    }

    /// Runs if a resource was inserted or changed since the system last ran, other than by the system itself.
    public static func changed<Resource>(_ resource: Resource.Type) -> RunCondition {
        RunCondition(reading: [.reads(resource: resource)]) { world, lastRun in
            world.resourceStamp(resource).map { $0 > lastRun } ?? false
        }
    }

    /// Runs if a closure returns `true`.
    public static func when(_ condition: @escaping @Sendable (WorldReader) -> Bool) -> RunCondition {
        RunCondition { world, _ in condition(WorldReader(world)) }
    }

    /// Runs if both conditions hold.
    public static func && (left: RunCondition, right: RunCondition) -> RunCondition {
        RunCondition(reading: left.accesses + right.accesses) { left.holds($0, $1) && right.holds($0, $1) }
    }
}
