internal import CLibWebSockets
internal import CLibWebSocketsShim
internal import Synchronization

/// The error log of libwebsockets itself. Silent until a listener is set.
///
/// libwebsockets logs per process and not per server, so this is the only per-process setting here.
public enum WebSocketLog {
    private static let listener = Mutex<(@Sendable (String) -> Void)?>(nil)

    /// Passes libwebsockets' error lines to `listener`, on the thread where they arise; nil silences the log again.
    public static func setListener(_ listener: (@Sendable (String) -> Void)?) {
        Self.listener.withLock { $0 = listener }
        clws_set_log_handler(listener == nil ? nil : emitLogLine)
    }

    fileprivate static func emit(_ line: String) {
        listener.withLock { $0 }?(line)
    }
}

// A global function: a closure passed to C inherits the isolation of its context, and traps on the loop's thread.
private func emitLogLine(_ level: Int32, _ line: UnsafePointer<CChar>?) {
    guard let line else { return }
    var text = String(cString: line)
    while text.last?.isNewline == true { text.removeLast() }
    WebSocketLog.emit(text)
}
