/// Reads values in wire form and checks every step: it trusts no length from a peer before the bytes are there.
///
/// A reader borrows its bytes and must not outlive them.
public struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    /// Position of the next byte.
    public private(set) var offset: Int
    /// The number of dynamic values read so far, for a limit on them.
    var valueCount = 0

    /// Creates a reader at the first byte. The bytes must outlive the reader.
    public init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        offset = 0
    }

    /// The number of bytes not read yet.
    public var remaining: Int { bytes.count - offset }
    /// Whether all bytes were read.
    public var isAtEnd: Bool { remaining == 0 }

    /// - Throws: ``CodecError`` of code `truncated` if fewer than `count` bytes are left.
    public mutating func readBytes(_ count: Int) throws(CodecError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else {
            throw CodecError(.truncated, at: offset, "\(count) bytes are announced, \(remaining) are there")
        }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
    }

    /// Reads the next byte.
    public mutating func readByte() throws(CodecError) -> UInt8 {
        guard offset < bytes.count else { throw CodecError(.truncated, at: offset, "the bytes end here") }
        defer { offset += 1 }
        return bytes[offset]
    }

    /// Reads the next integer, little-endian.
    public mutating func read<I: FixedWidthInteger & BitwiseCopyable>(_ type: I.Type) throws(CodecError) -> I {
        I(littleEndian: try readBytes(MemoryLayout<I>.size).loadUnaligned(as: I.self))
    }

    /// - Throws: `notCanonical` for a varint with needless bytes, `outOfDomain` beyond 64 bits.
    public mutating func readVarint() throws(CodecError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            let byte = try readByte()
            guard shift < 63 || byte <= 1 else {
                throw CodecError(.outOfDomain, at: start, "a varint exceeds 64 bits")
            }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                guard byte != 0 || shift == 0 else {
                    throw CodecError(.notCanonical, at: start, "a varint is longer than its value needs")
                }
                return value
            }
        }
        throw CodecError(.outOfDomain, at: start, "a varint exceeds 64 bits")
    }

    /// Reads a varint that must not exceed `limit`; an error refers to it as `name`.
    public mutating func readCount(max limit: Int, _ name: @autoclosure () -> String) throws(CodecError) -> Int {
        let start = offset
        let value = try readVarint()
        guard value <= UInt64(limit) else {
            throw CodecError(.limitExceeded, at: start, "\(value) exceeds the limit of \(limit) for \(name())")
        }
        return Int(value)
    }

    /// Reads a string of at most `byteCountMax` UTF-8 bytes.
    public mutating func readString(byteCountMax: Int = .max) throws(CodecError) -> String {
        let length = try readCount(max: byteCountMax, "the bytes of a string")
        let start = offset
        let content = try readBytes(length)
        guard let string = String(validating: content, as: UTF8.self) else {
            throw CodecError(.outOfDomain, at: start, "a string is not valid UTF-8")
        }
        return string
    }

    /// Reads the next entity: index and generation.
    public mutating func readEntity() throws(CodecError) -> Entity {
        Entity(index: try read(UInt32.self), generation: try read(UInt32.self))
    }

    /// Reads a length and returns a reader for that many bytes; this reader skips them.
    public mutating func readSized() throws(CodecError) -> ByteReader {
        let length = try readCount(max: .max, "a length")
        let end = offset
        _ = try readBytes(length)
        return ByteReader(slice: bytes, from: end, to: offset)
    }

    private init(slice bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) {
        self.bytes = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        offset = start
    }

    /// - Throws: `trailingBytes` if any bytes are left.
    public func expectEnd() throws(CodecError) {
        guard isAtEnd else { throw CodecError(.trailingBytes, at: offset, "\(remaining) bytes are left over") }
    }

    /// The bytes not read yet; they stay unread.
    package var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[offset...]) }
}
