import Glibc
import OrreryInspector

/// The terminal in full-screen mode: alternate screen, no cursor, unbuffered keys.
///
/// `@unchecked Sendable`: used by one queue at a time, which `LiveTable` ensures.
final class Terminal: @unchecked Sendable {
    /// The descriptor that keys are read from; `nil` without a terminal for them.
    let keyboard: Int32?
    private var saved = termios()
    private var isEntered = false

    init() {
        let descriptor = isatty(STDIN_FILENO) == 1 ? STDIN_FILENO : open("/dev/tty", O_RDONLY | O_CLOEXEC)
        keyboard = descriptor >= 0 ? descriptor : nil
    }

    /// Whether standard output is a terminal on which the table can be drawn.
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
            // Saved now and not earlier: the settings that a shell uses while it reads its command line must not be
            // restored.
            tcgetattr(keyboard, &saved)
            // Signals stay enabled: Ctrl-C and Ctrl-Z have their usual effect.
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

    /// Stops a background job here until it is brought to the foreground.
    private static func waitForForeground(_ keyboard: Int32) {
        // The signal does not stop a job that nobody can bring to the foreground, so the loop is bounded.
        for _ in 0..<8 where tcgetpgrp(keyboard) != getpgrp() { kill(getpid(), SIGTTIN) }
    }

    /// Restores the terminal. Does nothing if it is already restored.
    func leave() {
        guard isEntered else { return }
        isEntered = false
        try? Output.write(Array("\u{1b}[?2026l\u{1b}[0m\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l".utf8))
        if let keyboard { tcsetattr(keyboard, TCSADRAIN, &saved) }
    }
}
