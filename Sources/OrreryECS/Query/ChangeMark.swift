/// A moment in the life of a world, between writes: for queries that ask what happened since.
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
    /// This moment: what is written from now on is later.
    /// - Complexity: O(1).
    public func changeMark() -> ChangeMark { ChangeMark(stamp: storage.advanceStamp()) }
}
