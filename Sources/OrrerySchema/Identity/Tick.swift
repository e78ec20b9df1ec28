/// A position in the time of one world: how many ticks it has run. Tick 0 is before the first.
public struct Tick: Hashable, Comparable, Sendable, BitwiseCopyable, CustomStringConvertible {
    /// The number itself.
    public let rawValue: UInt64

    /// The one of this number.
    @inlinable
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Before anything happened; the cursor of somebody who has nothing yet.
    @inlinable public static var zero: Tick { Tick(0) }

    /// The tick that follows.
    @inlinable public var next: Tick { Tick(rawValue + 1) }

    @inlinable public static func < (left: Tick, right: Tick) -> Bool { left.rawValue < right.rawValue }

    /// The tick that comes so many later.
    @inlinable public func advanced(by ticks: UInt64) -> Tick { Tick(rawValue + ticks) }

    /// How many ticks lie between an earlier tick and this one.
    /// - Precondition: `earlier` is not later than this tick.
    @inlinable public func ticks(since earlier: Tick) -> UInt64 { rawValue - earlier.rawValue }

    public var description: String { String(rawValue) }
}

/// The name of one life of a world: 64 random bits, drawn when a server starts.
///
/// A restarted server that begins at tick 0 again is told apart by it.
public struct Epoch: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
    /// The number itself.
    public let rawValue: UInt64

    /// The one of this number.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Draws a new one. Never 0.
    public static func random(using generator: inout some RandomNumberGenerator) -> Epoch {
        Epoch(UInt64.random(in: 1...UInt64.max, using: &generator))
    }

    /// Sixteen hexadecimal digits.
    public var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// A state of a world, named: which life, and which tick of it.
public struct Revision: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
    /// Which life of the world.
    public let epoch: Epoch
    /// Which tick of it.
    public let tick: Tick

    /// That tick of that life.
    public init(epoch: Epoch, tick: Tick) {
        self.epoch = epoch
        self.tick = tick
    }

    public var description: String { "\(epoch)@\(tick)" }
}
