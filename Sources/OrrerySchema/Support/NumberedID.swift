/// A name that is a number: a type of its own for each kind, so that none is taken for another.
package protocol NumberedID: Hashable, Comparable, Sendable, CustomStringConvertible {
    associatedtype Number: FixedWidthInteger
    var rawValue: Number { get }
    init(_ rawValue: Number)
}

extension NumberedID {
    @inlinable
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    package var description: String { String(rawValue) }
}
