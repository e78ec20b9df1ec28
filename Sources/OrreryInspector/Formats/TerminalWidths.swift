import CTerminalWidth

/// How many columns of a terminal a character takes: as the C library says it, which terminals follow.
enum TerminalWidths {
    static func width(of scalar: Unicode.Scalar) -> Int {
        scalar.value >= 0x20 && scalar.value < 0x7f ? 1 : Int(terminal_width(scalar.value))
    }
}
