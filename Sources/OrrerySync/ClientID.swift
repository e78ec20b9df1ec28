/// Identifies a client across all its connections to one life of a world.
public struct ClientID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Counted from 1 in each life of the world.
    public let rawValue: UInt64

    /// Makes the ID with this number.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public static func < (left: ClientID, right: ClientID) -> Bool { left.rawValue < right.rawValue }
    public var description: String { String(rawValue) }
}
