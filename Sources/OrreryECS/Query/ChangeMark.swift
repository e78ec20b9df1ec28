/// A point in time of a world, between writes. Queries use it to find later changes.
///
/// ```swift
/// let mark = world.changeMark()
/// …
/// world.query(Read<Position>.self).changed(Position.self).since(mark).forEachEntity { entity, position in … }
/// ```
public struct ChangeMark: Hashable, Sendable {
    let stamp: UInt64
}

extension World {
    /// Returns a mark for this moment: all later writes count as after it.
    /// - Complexity: O(1).
    public func changeMark() -> ChangeMark { ChangeMark(stamp: storage.advanceStamp()) }
}
