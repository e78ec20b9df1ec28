/// Appends values in wire form to a growing array of bytes. Everything is little-endian and packed.
public struct ByteWriter: Sendable {
    /// The bytes written so far.
    @inlinable public var bytes: [UInt8] { storage }
    @usableFromInline var storage: [UInt8] = []

    /// Creates an empty writer.
    @inlinable public init() {}

    /// Creates a writer with room for `capacity` bytes.
    public init(capacity: Int) {
        storage.reserveCapacity(capacity)
    }

    /// Creates a writer that appends to the content of an array.
    package init(continuing bytes: consuming [UInt8]) {
        storage = bytes
    }

    /// The number of bytes written.
    @inlinable public var count: Int { storage.count }

    /// Removes the content and keeps the memory.
    @inlinable public mutating func removeAll() {
        storage.removeAll(keepingCapacity: true)
    }

    /// Writes one byte.
    @inlinable public mutating func append(_ byte: UInt8) {
        storage.append(byte)
    }

    /// Writes bytes as they are.
    @inlinable public mutating func append(contentsOf other: [UInt8]) {
        storage.append(contentsOf: other)
    }

    /// - Complexity: O(n), one block copy.
    @inlinable public mutating func append(contentsOf buffer: UnsafeRawBufferPointer) {
        storage.append(contentsOf: buffer)
    }

    /// Writes an integer in its own width.
    public mutating func append(integer value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { storage.append(contentsOf: $0) }
    }

    /// Writes an unsigned integer in 1 to 10 bytes, seven bits each, lowest first (LEB128).
    @inlinable public mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            storage.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        storage.append(UInt8(rest))
    }

    /// Writes a non-negative number as a varint.
    @inlinable public mutating func append(varint value: Int) {
        append(varint: UInt64(value))
    }

    /// Writes the length in UTF-8 bytes as a varint, then the bytes, in Unicode normal form C: equal Swift strings give
    /// equal bytes.
    public mutating func append(string: String) {
        let normal = string.canonicalUTF8
        append(varint: normal.count)
        storage.append(contentsOf: normal)
    }

    /// Writes index and generation.
    public mutating func append(_ entity: Entity) {
        append(integer: entity.index)
        append(integer: entity.generation)
    }

    /// Writes a length as a varint, then what `body` writes.
    /// - Complexity: O(n) in what `body` writes.
    public mutating func appendSized<Failure: Error>(
        _ body: (inout ByteWriter) throws(Failure) -> Void
    ) throws(Failure) {
        let start = storage.count
        append(0)
        let content = storage.count
        try body(&self)
        let length = storage.count - content
        let end = storage.count
        // The length is written at the end, where there is room, and then replaces the one byte that was left for it.
        append(varint: length)
        let width = storage.count - end
        if width == content - start {
            for offset in 0..<width { storage[start + offset] = storage[end + offset] }
        } else {
            storage.replaceSubrange(start..<content, with: Array(storage[end...]))
        }
        storage.removeLast(width)
    }

    /// Appends `count` zero bytes and lets `body` fill them.
    package mutating func append(
        uninitializedCount count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        guard count > 0 else { return }
        let start = storage.count
        storage.append(contentsOf: repeatElement(0, count: count))
        storage.withUnsafeMutableBytes { body(UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
    }

    /// Overwrites bytes that were written before.
    package mutating func overwrite(at offset: Int, with other: [UInt8]) {
        for position in other.indices { storage[offset + position] = other[position] }
    }
}
