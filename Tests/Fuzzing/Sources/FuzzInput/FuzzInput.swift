/// What a fuzzer makes up, as the script of one connection: messages and what else happens, in order.
///
/// One byte of flags, then each step: two bytes, little-endian, with the length of a message, and the message (as much
/// of it as is there). Lengths from ``otherStepMin`` on stand for something else that happens.
public struct FuzzInput {
    public enum Step {
        case message([UInt8])
        /// Not a message, but something that the target knows by this number.
        case other(Int)
    }

    /// No message is as long as that.
    public static let otherStepMin = 0xfff0

    public let flags: UInt8
    public let steps: [Step]

    public init(_ bytes: UnsafeRawBufferPointer) {
        flags = bytes.first ?? 0
        var steps: [Step] = []
        var rest = bytes.dropFirst()
        while rest.count >= 2 {
            let length = Int(rest[rest.startIndex]) | Int(rest[rest.startIndex + 1]) << 8
            rest = rest.dropFirst(2)
            if length >= Self.otherStepMin {
                steps.append(.other(length - Self.otherStepMin))
            } else {
                steps.append(.message(Array(rest.prefix(length))))
                rest = rest.dropFirst(length)
            }
        }
        self.steps = steps
    }

    /// The bytes of a script.
    public static func bytes(flags: UInt8, messages: [[UInt8]]) -> [UInt8] {
        messages.reduce([flags]) { $0 + [UInt8($1.count & 0xff), UInt8($1.count >> 8)] + $1 }
    }
}
