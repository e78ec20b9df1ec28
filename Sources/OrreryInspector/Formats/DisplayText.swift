import CTerminalWidth

/// Text for display in a terminal.
package enum DisplayText {
    /// The text with everything that a terminal would act on escaped: control characters, line ends, changes of
    /// direction.
    package static func printable(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isHidden(scalar) { result += escape(scalar) } else { result.unicodeScalars.append(scalar) }
        }
        return result
    }

    /// The visible escape of a character that must not reach a terminal.
    static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: "\\u{\(String(scalar.value, radix: 16))}"
        }
    }

    /// Whether a terminal would act on the character.
    static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x200c, 0x200d: false  // They join the parts of emoji and of letters.
        default:
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
    }

    /// The number of terminal columns that the text takes.
    package static func width(of text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.reduce(0) { $0 + width(of: $1) }
    }

    /// The longest beginning of the text that fits, with an ellipsis if something was cut off.
    package static func cut(_ text: String, to widthMax: Int) -> String {
        guard width(of: text) > widthMax else { return text }
        guard widthMax > 0 else { return "" }
        var result = ""
        var width = 1
        for character in text {
            width += self.width(of: character)
            guard width <= widthMax else { break }
            result.append(character)
        }
        return result + "…"
    }

    /// The total width of the character's parts; parts joined into one picture count as one picture.
    private static func width(of character: Character) -> Int {
        let scalars = character.unicodeScalars
        if let first = scalars.first, first.properties.isEmoji, scalars.dropFirst().contains(where: joinsPicture) {
            return 2
        }
        // The C library's widths, which terminals follow.
        return scalars.reduce(0) { $0 + Int(terminal_width($1.value)) }
    }

    /// U+FE0F requests the picture; U+200D and skin tones join several into one.
    private static func joinsPicture(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value == 0xfe0f || scalar.value == 0x200d || scalar.properties.isEmojiModifier
    }
}
