internal import CLibWebSocketsShim

/// Waits for one socket on the loop's thread. The owner keeps the socket, and releases the watcher before closing it.
final class Watcher {
    private let handle: (_ isReadable: Bool, _ isWritable: Bool) -> Void
    private var native: OpaquePointer?

    /// Creates a watcher that waits for nothing yet. Nil if memory is short.
    /// - Parameters:
    ///   - comesFirst: Whether it is called before others that wait for the same socket, such as libwebsockets.
    ///   - handle: Called on the loop's thread, until the watcher is released; it may release the watcher.
    init?(
        _ descriptor: Int32, on loop: EventLoop, comesFirst: Bool = false,
        handle: @escaping (_ isReadable: Bool, _ isWritable: Bool) -> Void
    ) {
        self.handle = handle
        let owner = Unmanaged.passUnretained(self).toOpaque()
        native = clws_watcher_create(loop.native, descriptor, owner, handleWatched, comesFirst)
        if native == nil { return nil }
    }

    deinit {
        if let native { clws_watcher_destroy(native) }
    }

    func wait(forInput: Bool, forRoom: Bool) { clws_watcher_set(native, forInput, forRoom) }

    fileprivate func tell(_ isReadable: Bool, _ isWritable: Bool) { handle(isReadable, isWritable) }
}

// A global function: a closure passed to C inherits the isolation of its context, and traps on the loop's thread.
private func handleWatched(_ owner: UnsafeMutableRawPointer?, _ isReadable: Bool, _ isWritable: Bool) {
    // Kept alive during the call, in which its owner may release it.
    let watcher = Unmanaged<Watcher>.fromOpaque(owner!).takeUnretainedValue()
    watcher.tell(isReadable, isWritable)
}
