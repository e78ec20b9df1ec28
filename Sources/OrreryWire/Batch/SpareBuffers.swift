import OrrerySchema

/// Unused byte arrays, kept for reuse: memory of the same size in every tick is allocated only once.
///
/// (An allocator returns memory of this size to the system, and then has to request every page of it again.)
struct SpareBuffers: Sendable {
    /// The most bytes that are kept.
    static let byteCountMax = 2 << 20
    /// Shorter arrays are not worth keeping.
    static let bufferSizeMin = 4096

    private var buffers: [[UInt8]] = []
    private var byteCount = 0

    /// Keeps an array, unless it is short or the limit is reached.
    mutating func give(_ buffer: [UInt8]) {
        guard buffer.capacity >= Self.bufferSizeMin, byteCount + buffer.capacity <= Self.byteCountMax else { return }
        byteCount += buffer.capacity
        buffers.append(buffer)
    }

    /// A writer with room for `capacity` bytes.
    mutating func take(capacity: Int) -> ByteWriter {
        guard capacity >= Self.bufferSizeMin, !buffers.isEmpty else { return ByteWriter(capacity: capacity) }
        // The only reference; with another one, the array would be copied here.
        var buffer = buffers.removeLast()
        byteCount -= buffer.capacity
        buffer.removeAll(keepingCapacity: true)
        buffer.reserveCapacity(capacity)
        return ByteWriter(filling: buffer)
    }
}
