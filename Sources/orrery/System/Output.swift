import Glibc
import OrreryInspector

/// Standard output and standard error, written immediately and unbuffered.
enum Output {
    /// The number of bytes that are gathered before they are written.
    static let chunkSize = 256 << 10

    /// Writes lines for programs. If the output is a terminal, escapes what a terminal would act on.
    static func write(_ lines: [UInt8], _ form: TerminalText.Form) throws(ToolError) {
        try write(isatty(STDOUT_FILENO) == 1 ? TerminalText.guarded(lines, form) : lines)
    }

    /// Writes all bytes. If the reader is gone, the process ends quietly by SIGPIPE, as is usual.
    static func write(_ bytes: [UInt8]) throws(ToolError) {
        try bytes.withUnsafeBytes { buffer in
            Result { () throws(ToolError) in try write(buffer, to: STDOUT_FILENO) }
        }.get()
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(ToolError) {
        var rest = bytes
        while let start = rest.baseAddress, rest.count > 0 {
            let count = Glibc.write(descriptor, start, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno == EPIPE {
                endByBrokenPipe()
            } else if errno == EAGAIN {
                // Another program sharing the terminal made it non-blocking.
                var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wanted, 1, -1)
            } else if errno != EINTR {
                throw ToolError(.cannotWrite, "cannot write the output: \(String(cString: strerror(errno)))")
            }
        }
    }

    private static func endByBrokenPipe() -> Never {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
        exit(128 + SIGPIPE)
    }

    /// Writes one line for the person at the terminal.
    static func standardError(_ message: String) {
        let line = DisplayText.printable(message.split(whereSeparator: \.isNewline).joined(separator: " "))
        Array("orrery: \(line)\n".utf8).withUnsafeBytes { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
