import OrrerySchema

/// An ability of a side beyond docs/PROTOCOL.md. It is used only if both sides list it; unknown numbers are ignored.
package struct Capability: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package static func < (left: Capability, right: Capability) -> Bool { left.rawValue < right.rawValue }
}

extension ByteWriter {
    mutating func append(_ capabilities: [Capability]) {
        append(varint: capabilities.count)
        for capability in capabilities.sorted() { append(varint: UInt64(capability.rawValue)) }
    }
}

extension ByteReader {
    mutating func readCapabilities(limits: WireLimits) throws(CodecError) -> [Capability] {
        try readAscending(
            max: Int(UInt32.max), count: try readCount(max: limits.capabilityCountMax, "capabilities"), "a capability"
        ).map { Capability(rawValue: UInt32($0)) }
    }

    /// Reads strictly ascending numbers.
    mutating func readAscending(max: Int, count: Int, _ name: String) throws(CodecError) -> [Int] {
        var numbers: [Int] = []
        for _ in 0..<count {
            let start = offset
            let number = try readCount(max: max, name)
            guard numbers.last.map({ $0 < number }) ?? true else {
                throw CodecError(.notCanonical, at: start, "\(name) \(number) does not ascend")
            }
            numbers.append(number)
        }
        return numbers
    }
}
