/// Escapes output for programs that is written to a terminal instead: everything that a terminal would act on.
package enum TerminalText {
    package enum Form: Sendable {
        /// `\u001b`, which is valid JSON.
        case json
        /// `\u{1b}`
        case plain
    }

    /// The same lines, with control characters and changes of direction escaped. Line ends stay.
    /// - Complexity: O(n); bytes of plain ASCII are not copied.
    package static func guarded(_ bytes: [UInt8], _ form: Form) -> [UInt8] {
        guard !bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f || $0 == UInt8(ascii: "\n") }) else { return bytes }
        var result = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            guard scalar != "\n", DisplayText.isHidden(scalar) else {
                result.unicodeScalars.append(scalar)
                continue
            }
            switch form {
            case .plain: result += DisplayText.escape(scalar)
            case .json: for unit in String(scalar).utf16 { result += "\\u" + Self.fourDigits(unit) }
            }
        }
        return Array(result.utf8)
    }

    private static func fourDigits(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
