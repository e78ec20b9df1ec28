import Glibc

/// The program's standard output, with error handling.
enum StandardOutput {
    /// Why not everything was written, for example `standard output: No space left on device`.
    struct WriteError: Error, CustomStringConvertible {
        var code: CInt
        var description: String { "standard output: " + String(cString: strerror(code)) }
    }

    /// Opens a device that accepts everything if the program was started without standard output (`>&-`); otherwise a
    /// socket would get its descriptor and the printed text.
    static func reserveDescriptors() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
            _ = descriptor == STDIN_FILENO ? open("/dev/null", O_RDONLY) : open("/dev/full", O_WRONLY)
        }
    }

    /// Writes a whole text. A closed reader (`| head -1`) is not an error: the rest is dropped.
    /// - Throws: ``WriteError`` if the system refuses for another reason, such as a full disk.
    static func write(_ text: String) throws(WriteError) {
        // Otherwise a closed reader would end the program with a signal.
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
