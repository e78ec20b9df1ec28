import Glibc
import OrreryInspector

/// The terminal in full-screen mode: another screen, no cursor, keys as they are pressed.
///
/// `@unchecked Sendable`: used by one queue at a time, which `LiveTable` provides.
final class Terminal: @unchecked Sendable {
    /// Where keys come from; `nil` without a terminal for them.
    let keyboard: Int32?
    private var saved = termios()
    private var isEntered = false

    init() {
        let descriptor = isatty(STDIN_FILENO) == 1 ? STDIN_FILENO : open("/dev/tty", O_RDONLY | O_CLOEXEC)
        keyboard = descriptor >= 0 ? descriptor : nil
    }

    /// Whether standard output is a terminal that can be drawn on.
    static var isAvailable: Bool {
        guard isatty(STDOUT_FILENO) == 1 else { return false }
        let kind = environment("TERM")
        return !kind.isEmpty && kind != "dumb"
    }

    /// Source: no-color.org.
    static var isColoured: Bool { environment("NO_COLOR").isEmpty }

    private static func environment(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }

    static var size: WindowSize {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return WindowSize(columns: 80, rows: 24)
        }
        return WindowSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    func enter() throws(ToolError) {
        guard !isEntered else { return }
        if let keyboard {
            Self.waitForForeground(keyboard)
            // Taken now and not before: what a shell sets while it reads its own line is not to be restored.
            tcgetattr(keyboard, &saved)
            // Signals stay: Ctrl-C and Ctrl-Z do what they do.
            var raw = saved
            raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
            withUnsafeMutableBytes(of: &raw.c_cc) { characters in
                characters[Int(VMIN)] = 1
                characters[Int(VTIME)] = 0
            }
            tcsetattr(keyboard, TCSADRAIN, &raw)
        }
        isEntered = true
        // The alternate screen, no cursor, no wrapping at the right edge.
        try Output.write(Array("\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l\u{1b}[2J".utf8))
    }

    /// A job in the background stops here until it is brought to the foreground.
    private static func waitForForeground(_ keyboard: Int32) {
        // A job that nobody can bring to the foreground is not stopped by the signal, so there is a bound.
        for _ in 0..<8 where tcgetpgrp(keyboard) != getpgrp() { kill(getpid(), SIGTTIN) }
    }

    /// Gives the terminal back as it was. Does nothing if it was.
    func leave() {
        guard isEntered else { return }
        isEntered = false
        try? Output.write(Array("\u{1b}[?2026l\u{1b}[0m\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l".utf8))
        if let keyboard { tcsetattr(keyboard, TCSADRAIN, &saved) }
    }
}
