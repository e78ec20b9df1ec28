/// The number of a component type in one world, dense from 0 in order of first use.
///
/// Means nothing outside its world: two worlds may number the same type differently.
@usableFromInline
package struct ComponentID: Hashable, Comparable, Sendable, BitwiseCopyable, CustomStringConvertible {
    @usableFromInline package let rawValue: UInt32

    @inlinable
    package init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The number as a position in tables that are indexed by component.
    @inlinable package var index: Int { Int(rawValue) }

    @inlinable
    package static func < (left: ComponentID, right: ComponentID) -> Bool { left.rawValue < right.rawValue }

    @usableFromInline package var description: String { "component \(rawValue)" }
}
