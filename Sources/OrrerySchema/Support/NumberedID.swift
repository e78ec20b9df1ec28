/// A numeric identifier. Each kind has its own type, so that they cannot be confused.
@usableFromInline package protocol NumberedID: Hashable, Comparable, Sendable, CustomStringConvertible {
    associatedtype Number: FixedWidthInteger
    var rawValue: Number { get }
    init(_ rawValue: Number)
}

extension NumberedID {
    @inlinable
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    package var description: String { String(rawValue) }
}
