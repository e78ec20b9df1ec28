/// Bytes that are not what their schema or message says: what is wrong, and where.
public struct CodecError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of error it is.
    public enum Code: Hashable, Sendable {
        /// The bytes end before the value does.
        case truncated
        /// Bytes are left over after the value.
        case trailingBytes
        /// A value that its type does not have: a Bool that is neither 0 nor 1, a case that does not exist, text that
        /// is no UTF-8.
        case outOfDomain
        /// A second way to write the same value: an overlong varint, a set that is not sorted.
        case notCanonical
        /// A length, count or depth beyond its named limit.
        case limitExceeded
        /// A value of another type than the schema asks for.
        case typeMismatch
        /// A reference to something that does not exist on the receiving side.
        case unknownReference
        /// A part that must be understood, and is not.
        case notSupported
    }

    /// What kind of error it is.
    public var code: Code
    /// Position in the bytes, counted from their beginning; 0 where the value never was bytes.
    public var offset: Int
    /// A sentence that names the trouble.
    public var message: String

    /// An error at a byte.
    public init(_ code: Code, at offset: Int = 0, _ message: String) {
        self.code = code
        self.offset = offset
        self.message = message
    }

    public var description: String { "\(message) (at byte \(offset))" }
}
