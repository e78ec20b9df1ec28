/// A point in the time of one world: how many ticks it has run. Tick 0 is before the first.
public struct Tick: Hashable, Comparable, Sendable, BitwiseCopyable, CustomStringConvertible {
    /// The number itself.
    public let rawValue: UInt64

    /// Creates the tick of this number.
    @inlinable
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Before anything happened; the cursor of a reader that has nothing yet.
    @inlinable public static var zero: Tick { Tick(0) }

    /// The next tick.
    @inlinable public var next: Tick { Tick(rawValue + 1) }

    @inlinable public static func < (left: Tick, right: Tick) -> Bool { left.rawValue < right.rawValue }

    /// The tick that comes `ticks` later.
    @inlinable public func advanced(by ticks: UInt64) -> Tick { Tick(rawValue + ticks) }

    /// How many ticks lie between an earlier tick and this one.
    /// - Precondition: `earlier` is not later than this tick.
    @inlinable public func ticks(since earlier: Tick) -> UInt64 { rawValue - earlier.rawValue }

    public var description: String { String(rawValue) }
}

/// Identifies one life of a world: 64 random bits, drawn when a server starts.
///
/// The epoch distinguishes a restarted server that begins at tick 0 again.
public struct Epoch: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
    /// The number itself.
    public let rawValue: UInt64

    /// Creates the epoch of this number.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Draws a new epoch. It is never 0.
    public static func random(using generator: inout some RandomNumberGenerator) -> Epoch {
        Epoch(UInt64.random(in: 1...UInt64.max, using: &generator))
    }

    /// Sixteen hexadecimal digits.
    public var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Identifies a state of a world: an epoch, and a tick of that epoch.
public struct Revision: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
    /// The life of the world.
    public let epoch: Epoch
    /// The tick of that life.
    public let tick: Tick

    /// Creates the revision of a tick in an epoch.
    public init(epoch: Epoch, tick: Tick) {
        self.epoch = epoch
        self.tick = tick
    }

    public var description: String { "\(epoch)@\(tick)" }
}
