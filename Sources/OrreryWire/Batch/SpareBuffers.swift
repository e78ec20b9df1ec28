import OrrerySchema

/// Arrays of bytes that were let go of, to be filled again: what is as long in every tick is allocated once.
///
/// (An allocator gives memory of this size back to the system, and every page of it has to be asked for again.)
struct SpareBuffers: Sendable {
    /// Bytes that are kept, at most.
    static let byteCountMax = 2 << 20
    /// Shorter ones are not worth keeping.
    static let bufferSizeMin = 4096

    private var buffers: [[UInt8]] = []
    private var byteCount = 0

    /// Keeps an array, unless it is short or there are enough.
    mutating func give(_ buffer: [UInt8]) {
        guard buffer.capacity >= Self.bufferSizeMin, byteCount + buffer.capacity <= Self.byteCountMax else { return }
        byteCount += buffer.capacity
        buffers.append(buffer)
    }

    /// A writer with room for `capacity` bytes.
    mutating func take(capacity: Int) -> ByteWriter {
        guard capacity >= Self.bufferSizeMin, !buffers.isEmpty else { return ByteWriter(capacity: capacity) }
        // Held by nobody else, or it would be made anew here.
        var buffer = buffers.removeLast()
        byteCount -= buffer.capacity
        buffer.removeAll(keepingCapacity: true)
        buffer.reserveCapacity(capacity)
        return ByteWriter(filling: buffer)
    }
}
