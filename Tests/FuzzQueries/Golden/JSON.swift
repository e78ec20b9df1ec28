/// A JSON value that keeps numbers as they are written and texts scalar by scalar. Foundation would round 64-bit
/// integers.
enum JSON {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSON])
    case object([(key: String, value: JSON)])

    struct FormatError: Error {
        var offset: Int
    }

    init(_ text: some StringProtocol) throws {
        var reader = Reader(bytes: Array(text.utf8))
        self = try reader.value()
        reader.skipSpace()
        guard reader.position == reader.bytes.count else { throw FormatError(offset: reader.position) }
    }

    subscript(key: String) -> JSON? {
        if case .object(let members) = self { members.first { $0.key == key }?.value } else { nil }
    }

    var string: String? { if case .string(let text) = self { text } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var integer: Int? { if case .number(let text) = self { Int(text) } else { nil } }
    var array: [JSON]? { if case .array(let elements) = self { elements } else { nil } }
    var members: [(key: String, value: JSON)] { if case .object(let members) = self { members } else { [] } }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func skipSpace() {
            while let byte = next, [0x20, 0x0a, 0x0d, 0x09].contains(byte) { position += 1 }
        }

        private mutating func accept(_ text: String) -> Bool {
            guard bytes[position...].starts(with: text.utf8) else { return false }
            position += text.utf8.count
            return true
        }

        private mutating func expect(_ text: String) throws {
            skipSpace()
            guard accept(text) else { throw FormatError(offset: position) }
        }

        mutating func value() throws -> JSON {
            skipSpace()
            if accept("null") { return .null }
            if accept("true") { return .bool(true) }
            if accept("false") { return .bool(false) }
            switch next {
            case UInt8(ascii: "\""): return .string(try string())
            case UInt8(ascii: "["):
                return .array(try list("[", "]") { reader in try reader.value() })
            case UInt8(ascii: "{"):
                return .object(
                    try list("{", "}") { reader in
                        reader.skipSpace()
                        let key = try reader.string()
                        try reader.expect(":")
                        return (key, try reader.value())
                    })
            default:
                let digits = bytes[position...].prefix { "+-.eE0123456789".utf8.contains($0) }
                guard !digits.isEmpty else { throw FormatError(offset: position) }
                position += digits.count
                return .number(String(decoding: digits, as: UTF8.self))
            }
        }

        private mutating func list<T>(
            _ open: String, _ close: String, _ element: (inout Reader) throws -> T
        ) throws -> [T] {
            try expect(open)
            var elements: [T] = []
            skipSpace()
            if accept(close) { return [] }
            repeat {
                elements.append(try element(&self))
                skipSpace()
            } while accept(",")
            try expect(close)
            return elements
        }

        private mutating func string() throws -> String {
            try expect("\"")
            var units: [UInt16] = []
            while !accept("\"") {
                if accept("\\u") {
                    guard let unit = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
                    else { throw FormatError(offset: position) }
                    units.append(unit)
                    position += 4
                } else if accept("\\") {
                    let escapes: [UInt8: Character] = [
                        UInt8(ascii: "n"): "\n", UInt8(ascii: "t"): "\t", UInt8(ascii: "r"): "\r",
                        UInt8(ascii: "b"): "\u{8}", UInt8(ascii: "f"): "\u{c}",
                    ]
                    guard let name = next else { throw FormatError(offset: position) }
                    units += String(escapes[name] ?? Character(Unicode.Scalar(name))).utf16
                    position += 1
                } else {
                    let plain = bytes[position...].prefix { $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\"") }
                    guard !plain.isEmpty else { throw FormatError(offset: position) }
                    units += String(decoding: plain, as: UTF8.self).utf16
                    position += plain.count
                }
            }
            return String(decoding: units, as: UTF16.self)
        }
    }
}
