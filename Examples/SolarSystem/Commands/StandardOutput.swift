import Glibc

/// The program's output, with its errors noticed.
enum StandardOutput {
    /// Why not everything was written, such as `standard output: No space left on device`.
    struct WriteError: Error, CustomStringConvertible {
        var code: CInt
        var description: String { "standard output: " + String(cString: strerror(code)) }
    }

    /// Puts something that takes everything where the program was started without an output (`>&-`): else a socket
    /// would get its number, and what is printed.
    static func reserveDescriptors() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
            _ = descriptor == STDIN_FILENO ? open("/dev/null", O_RDONLY) : open("/dev/full", O_WRONLY)
        }
    }

    /// Writes all of a text. A reader that has gone away (`| head -1`) is no error: the rest is dropped.
    /// - Throws: ``WriteError`` when the system refuses for another reason, such as a full disk.
    static func write(_ text: String) throws(WriteError) {
        // Otherwise a reader that has gone away would end the program by a signal.
        signal(SIGPIPE, SIG_IGN)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno == EPIPE {
                return
            } else if errno != EINTR {
                throw WriteError(code: errno)
            }
        }
    }
}
