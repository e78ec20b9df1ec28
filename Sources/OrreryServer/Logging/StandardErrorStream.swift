import Foundation

/// Standard error, written without C's buffered streams. Those have a lock, which whoever waits in a full pipe holds:
/// `exit` would wait for it, since it flushes them.
struct StandardErrorStream: TextOutputStream {
    /// Waits where nobody reads. What cannot be written, since the reader is gone or the disk is full, is dropped.
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
