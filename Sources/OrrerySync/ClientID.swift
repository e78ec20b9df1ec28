/// Names a client over all its connections to one life of a world.
public struct ClientID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public static func < (left: ClientID, right: ClientID) -> Bool { left.rawValue < right.rawValue }
    public var description: String { String(rawValue) }
}
