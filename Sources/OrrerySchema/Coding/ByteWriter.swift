/// Appends values in wire form to a growing array of bytes. Everything is little-endian and packed.
public struct ByteWriter: Sendable {
    /// The bytes written so far.
    public private(set) var bytes: [UInt8] = []

    /// Creates an empty writer.
    public init() {}

    /// Creates a writer with room for `capacity` bytes.
    public init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    /// Creates a writer that appends to the content of an array.
    package init(continuing bytes: consuming [UInt8]) {
        self.bytes = bytes
    }

    /// The number of bytes written.
    @inlinable public var count: Int { bytes.count }

    /// Removes the content and keeps the memory.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    /// Writes one byte.
    public mutating func append(_ byte: UInt8) {
        bytes.append(byte)
    }

    /// Writes bytes as they are.
    public mutating func append(contentsOf other: [UInt8]) {
        bytes.append(contentsOf: other)
    }

    /// - Complexity: O(n), one block copy.
    public mutating func append(contentsOf buffer: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: buffer)
    }

    /// Writes an integer in its own width.
    public mutating func append(integer value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Writes an unsigned integer in 1 to 10 bytes, seven bits each, lowest first (LEB128).
    public mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Writes a non-negative number as a varint.
    public mutating func append(varint value: Int) {
        append(varint: UInt64(value))
    }

    /// Writes the length in UTF-8 bytes as a varint, then the bytes, in Unicode normal form C: equal Swift strings give
    /// equal bytes.
    public mutating func append(string: String) {
        let normal = string.canonicalUTF8
        append(varint: normal.count)
        bytes.append(contentsOf: normal)
    }

    /// Writes index and generation.
    public mutating func append(_ entity: Entity) {
        append(integer: entity.index)
        append(integer: entity.generation)
    }

    /// Writes a length as a varint, then what `body` writes.
    /// - Parameter expected: The approximate length. If its varint is as wide as that of the length, no bytes are
    ///   moved.
    /// - Complexity: O(n) in what `body` writes.
    public mutating func appendSized<Failure: Error>(
        expecting expected: Int = 0, _ body: (inout ByteWriter) throws(Failure) -> Void
    ) throws(Failure) {
        let start = bytes.count
        append(varint: expected)
        let content = bytes.count
        try body(&self)
        let length = bytes.count - content
        let end = bytes.count
        // The length is written at the end, where there is room, and then replaces the expected one.
        append(varint: length)
        let width = bytes.count - end
        if width == content - start {
            for offset in 0..<width { bytes[start + offset] = bytes[end + offset] }
        } else {
            bytes.replaceSubrange(start..<content, with: Array(bytes[end...]))
        }
        bytes.removeLast(width)
    }

    /// Appends `count` zero bytes and lets `body` fill them.
    package mutating func append(
        uninitializedCount count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        guard count > 0 else { return }
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: count))
        bytes.withUnsafeMutableBytes { body(UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
    }

    /// Overwrites bytes that were written before.
    package mutating func overwrite(at offset: Int, with other: [UInt8]) {
        for position in other.indices { bytes[offset + position] = other[position] }
    }
}
