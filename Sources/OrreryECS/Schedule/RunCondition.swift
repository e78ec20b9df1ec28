internal import OrrerySchema

/// Whether a system runs in a tick.
///
/// What a condition asks for, its system reads: who writes it does not run side by side with the system.
public struct RunCondition: Sendable {
    /// What must not be written while the system runs, or the next time would take it for seen.
    let accesses: [SystemAccess]
    let holds: @Sendable (World, _ lastRun: UInt64) -> Bool

    private init(
        reading accesses: [SystemAccess] = [], _ holds: @escaping @Sendable (World, _ lastRun: UInt64) -> Bool
    ) {
        self.accesses = accesses
        self.holds = holds
    }

    /// In every tick.
    public static let always = RunCondition { _, _ in true }

    /// In ticks whose number is a multiple of `ticks`.
    /// - Precondition: `ticks` is at least 1.
    public static func every(ticks: UInt64) -> RunCondition {
        precondition(ticks >= 1, "a system runs every tick at most, not every \(ticks)")
        return RunCondition { world, _ in world.tick.rawValue.isMultiple(of: ticks) }
    }

    /// When a resource was inserted or changed since the system last ran, but not by the system itself.
    public static func changed<Resource>(_ resource: Resource.Type) -> RunCondition {
        RunCondition(reading: [.reads(resource: resource)]) { world, lastRun in
            world.resourceStamp(resource).map { $0 > lastRun } ?? false
        }
    }

    /// When a closure says so.
    public static func when(_ condition: @escaping @Sendable (WorldReader) -> Bool) -> RunCondition {
        RunCondition { world, _ in condition(WorldReader(world)) }
    }

    /// When both hold.
    public static func && (left: RunCondition, right: RunCondition) -> RunCondition {
        RunCondition(reading: left.accesses + right.accesses) { left.holds($0, $1) && right.holds($0, $1) }
    }
}
