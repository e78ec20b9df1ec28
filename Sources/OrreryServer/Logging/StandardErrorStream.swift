import Foundation

/// Standard error, written without C's buffered streams. A writer that waits for a full pipe holds the lock of such a
/// stream, and `exit` would wait for that lock, since it flushes the streams.
struct StandardErrorStream: TextOutputStream {
    /// Waits while nobody reads. Text that cannot be written, since the reader is gone or the disk is full, is dropped.
    mutating func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno != EINTR {
                return
            }
        }
    }
}
