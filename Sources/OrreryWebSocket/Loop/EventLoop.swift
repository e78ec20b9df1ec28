internal import CLibWebSocketsShim
internal import Synchronization

/// The libev loop: our timer, the listening socket, and the way in from other threads.
///
/// Guard of the unchecked `Sendable`: all but ``wake()`` belongs to the loop's thread; `isAlive` keeps the loop from
/// being freed during a wake.
final class EventLoop: @unchecked Sendable {
    let native: OpaquePointer
    private let isAlive = Mutex(true)

    /// `handler` gets `owner` with each event; whoever makes the loop keeps the owner alive. Nil if the system refuses.
    init?(owner: UnsafeMutableRawPointer, handler: clws_event_handler) {
        guard let native = clws_loop_create(owner, handler) else { return nil }
        self.native = native
    }

    /// Any thread, also when the loop has ended.
    func wake() {
        isAlive.withLock { if $0 { clws_loop_wake(native) } }
    }

    /// Has the handler called every so often.
    func startTimer(_ interval: Duration) { clws_loop_start_timer(native, interval.inSeconds) }
    /// The next time a whole interval from now.
    func restartTimer() { clws_loop_restart_timer(native) }

    /// Has the handler called every few milliseconds. Nil ends that.
    func setGlances(_ interval: Duration?) { clws_loop_set_glances(native, interval?.inSeconds ?? 0) }

    func run() { clws_loop_run(native) }
    /// Lets `run` return after this round.
    func stop() { clws_loop_break(native) }

    /// Once, and not inside `run`.
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
