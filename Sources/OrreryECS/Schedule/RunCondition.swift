internal import OrrerySchema

/// Whether a system runs in a tick.
public struct RunCondition: Sendable {
    let holds: @Sendable (World, _ lastRun: UInt64) -> Bool

    /// In every tick.
    public static let always = RunCondition { _, _ in true }

    /// In ticks whose number is a multiple of `ticks`.
    /// - Precondition: `ticks` is at least 1.
    public static func every(ticks: UInt64) -> RunCondition {
        precondition(ticks >= 1, "a system runs every tick at most, not every \(ticks)")
        return RunCondition { world, _ in world.tick.rawValue.isMultiple(of: ticks) }
    }

    /// When a resource was inserted or changed since the system last ran.
    public static func changed<Resource>(_ resource: Resource.Type) -> RunCondition {
        RunCondition { world, lastRun in world.resourceStamp(resource).map { $0 > lastRun } ?? false }
    }

    /// When a closure says so. It must not change the world.
    public static func when(_ condition: @escaping @Sendable (World) -> Bool) -> RunCondition {
        RunCondition { world, _ in condition(world) }
    }

    /// When both hold.
    public static func && (left: RunCondition, right: RunCondition) -> RunCondition {
        RunCondition { left.holds($0, $1) && right.holds($0, $1) }
    }
}
