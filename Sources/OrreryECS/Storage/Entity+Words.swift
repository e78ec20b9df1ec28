public import OrrerySchema

/// Entities in memory are read and written as one word: a processor stalls when it reads as a whole what it has just
/// written in halves.
extension UnsafeMutableRawPointer {
    /// The entity of a row, in the memory of its chunk.
    @inlinable @inline(__always)
    func entity(row: Int) -> Entity {
        let bits = UInt64(littleEndian: load(fromByteOffset: row &* MemoryLayout<Entity>.stride, as: UInt64.self))
        return Entity(index: UInt32(truncatingIfNeeded: bits), generation: UInt32(truncatingIfNeeded: bits >> 32))
    }

    @inlinable @inline(__always)
    func setEntity(_ entity: Entity, row: Int) {
        let bits = UInt64(entity.generation) << 32 | UInt64(entity.index)
        storeBytes(of: bits.littleEndian, toByteOffset: row &* MemoryLayout<Entity>.stride, as: UInt64.self)
    }
}
