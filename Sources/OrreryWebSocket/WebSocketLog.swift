internal import CLibWebSockets
internal import CLibWebSocketsShim
internal import Synchronization

/// What libwebsockets itself has to say when something goes wrong inside it. Silent until somebody listens.
///
/// libwebsockets logs per process and not per server, so this is the one thing here that is per process too.
public enum WebSocketLog {
    private static let listener = Mutex<(@Sendable (String) -> Void)?>(nil)

    /// Passes libwebsockets' error lines to `listener`, on the thread where they arise; nil silences them again.
    public static func setListener(_ listener: (@Sendable (String) -> Void)?) {
        Self.listener.withLock { $0 = listener }
        clws_set_log_handler(listener == nil ? nil : emitLogLine)
    }

    fileprivate static func emit(_ line: String) {
        listener.withLock { $0 }?(line)
    }
}

// A global function: a closure given to C inherits the isolation of where it is written, and traps on the loop's
// thread.
private func emitLogLine(_ level: Int32, _ line: UnsafePointer<CChar>?) {
    guard let line else { return }
    var text = String(cString: line)
    while text.last?.isNewline == true { text.removeLast() }
    WebSocketLog.emit(text)
}
