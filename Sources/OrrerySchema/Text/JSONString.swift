/// The only conversion of texts to JSON strings. Source: RFC 8259, section 7.
extension [UInt8] {
    /// A string in quotation marks. Besides what must be escaped, it escapes DEL and U+0080 to U+009F: terminals act on
    /// them.
    package mutating func append(jsonString text: String) {
        append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
                append(contentsOf: utf8)
            } else {
                append(escaping: utf8)
            }
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func append(escaping utf8: UnsafeBufferPointer<UInt8>) {
        var position = 0
        while position < utf8.count {
            let byte = utf8[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): append(ascii: "\\\"")
            case UInt8(ascii: "\\"): append(ascii: "\\\\")
            case UInt8(ascii: "\n"): append(ascii: "\\n")
            case UInt8(ascii: "\r"): append(ascii: "\\r")
            case UInt8(ascii: "\t"): append(ascii: "\\t")
            case 0x08: append(ascii: "\\b")
            case 0x0c: append(ascii: "\\f")
            case 0..<0x20, 0x7f: append(escape: byte)
            case 0xc2 where position < utf8.count && utf8[position] < 0xa0:
                append(escape: utf8[position])
                position += 1
            default: append(byte)
            }
        }
    }

    private mutating func append(escape byte: UInt8) {
        append(ascii: "\\u00")
        for digit in [byte >> 4, byte & 15] {
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    private mutating func append(ascii text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
