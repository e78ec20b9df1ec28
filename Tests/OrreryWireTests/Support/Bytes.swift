import OrrerySchema

/// Messages put together by hand, for what the writers never write.
enum Bytes {
    static func varint(_ value: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(varint: value)
        return writer.bytes
    }

    static func section(_ kind: UInt8, _ content: [UInt8]) -> [UInt8] {
        [kind] + varint(UInt64(content.count)) + content
    }

    /// A whole batch for tick 1 from tick 0.
    static func batch(_ sections: [[UInt8]]) -> [UInt8] { [0x84, 1, 1, 1, 0] + sections.flatMap { $0 } }

    /// The beginning of a Welcome at tick 0, without sections.
    static var welcome: [UInt8] { [0x81, 1] + [UInt8](repeating: 1, count: 8) + [0, 1, 1, 1] }
}
