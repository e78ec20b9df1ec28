/// Text as a terminal shows it.
package enum DisplayText {
    /// The text with all that a terminal would act on written as an escape: control characters, line ends, changes of direction.
    package static func printable(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where isHidden(scalar): result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x200c, 0x200d: false  // They join the parts of emoji and of letters.
        default:
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
    }

    /// How many columns of a terminal the text takes.
    package static func width(of text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.reduce(0) { $0 + width(of: $1) }
    }

    /// The beginning of the text that fits, with an ellipsis where something was cut off.
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

    private static func width(of character: Character) -> Int {
        var width = 0
        for scalar in character.unicodeScalars {
            // U+FE0F asks for the picture, which is wide.
            width = scalar.value == 0xfe0f ? 2 : max(width, self.width(of: scalar))
        }
        return width
    }

    /// Source: Unicode Standard Annex 11, the blocks whose characters are wide.
    private static func width(of scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0x20..<0x7f: return 1
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x4dbf, 0x4e00...0xa4cf, 0xa960...0xa97c, 0xac00...0xd7a3,
            0xf900...0xfaff, 0xfe30...0xfe6f, 0xff01...0xff60, 0xffe0...0xffe6, 0x17000...0x18cff, 0x1b000...0x1b2ff,
            0x20000...0x3fffd:
            return 2
        default: break
        }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: return scalar.properties.isEmojiPresentation ? 2 : 1
        }
    }
}
