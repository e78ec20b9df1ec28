/// Bytes that do not match their schema or message: what is wrong, and where.
public struct CodecError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of error it is.
    public enum Code: Hashable, Sendable {
        /// The bytes end before the value does.
        case truncated
        /// Bytes are left over after the value.
        case trailingBytes
        /// A value outside its type's domain: a Bool that is neither 0 nor 1, a case that does not exist, text that is
        /// not UTF-8.
        case outOfDomain
        /// A non-canonical form of a value: an overlong varint, an unsorted set.
        case notCanonical
        /// A length, count or depth beyond its named limit.
        case limitExceeded
        /// A value of a different type than the schema requires.
        case typeMismatch
        /// A reference to something that does not exist on the receiving side.
        case unknownReference
        /// A part that the receiver must understand but does not.
        case notSupported
    }

    /// What kind of error it is.
    public var code: Code
    /// The position in the bytes, counted from their beginning; 0 if the value never was bytes.
    public var offset: Int
    /// A sentence that describes the problem.
    public var message: String

    /// Creates an error at a byte.
    public init(_ code: Code, at offset: Int = 0, _ message: String) {
        self.code = code
        self.offset = offset
        self.message = message
    }

    public var description: String { "\(message) (at byte \(offset))" }
}
