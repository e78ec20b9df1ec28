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
    static func batch(_ sections: [[UInt8]]) -> [UInt8] { [0x84, 0, 1, 1, 1, 0] + sections.flatMap { $0 } }

    /// The beginning of a Welcome at tick 0, without sections.
    static var welcome: [UInt8] { [0x81, 1] + [UInt8](repeating: 1, count: 8) + [0, 1] }

    /// A Welcome with a component table of these entries, each without its length.
    static func welcome(entries: [[UInt8]]) -> [UInt8] {
        welcome + section(2, varint(UInt64(entries.count)) + entries.flatMap { varint(UInt64($0.count)) + $0 })
    }

    /// An entry of a component of varying size that nobody may write and that has no default value.
    static func entry(_ number: UInt8, _ name: String) -> [UInt8] {
        [number, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8](repeating: 0, count: 8) + [0, 0]
    }

    /// A Mutate with these sections.
    static func mutate(_ sequence: UInt8 = 1, _ sections: [UInt8]) -> [UInt8] {
        [5, sequence] + [UInt8](repeating: 0, count: 8) + sections
    }
}
