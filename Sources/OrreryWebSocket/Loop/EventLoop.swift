internal import CLibWebSocketsShim
internal import Synchronization

/// The libev loop with our timer, the listening socket, and wake-ups from other threads.
///
/// Guard of the unchecked `Sendable`: everything except ``wake()`` belongs to the loop's thread; `isAlive` keeps the
/// loop from being freed during a wake.
final class EventLoop: @unchecked Sendable {
    let native: OpaquePointer
    private let isAlive = Mutex(true)

    /// `handler` gets `owner` with each event; the creator of the loop keeps the owner alive. Nil if the system
    /// refuses.
    init?(owner: UnsafeMutableRawPointer, handler: clws_event_handler) {
        guard let native = clws_loop_create(owner, handler) else { return nil }
        self.native = native
    }

    /// Wakes the loop. Any thread, also after the loop has ended.
    func wake() {
        isAlive.withLock { if $0 { clws_loop_wake(native) } }
    }

    /// Makes the loop call the handler periodically.
    func startTimer(_ interval: Duration) { clws_loop_start_timer(native, interval.inSeconds) }
    /// Makes the timer fire a whole interval from now.
    func restartTimer() { clws_loop_restart_timer(native) }

    /// Makes the loop call the handler every few milliseconds. Nil stops that.
    func setGlances(_ interval: Duration?) { clws_loop_set_glances(native, interval?.inSeconds ?? 0) }

    func run() { clws_loop_run(native) }
    /// Makes `run` return after this round.
    func stop() { clws_loop_break(native) }

    /// Call once, and not inside `run`.
    func destroy() {
        isAlive.withLock { $0 = false }
        clws_loop_destroy(native)
    }
}

extension Duration {
    /// For libev.
    fileprivate var inSeconds: Double {
        max(0.001, self / .seconds(1))
    }
}
