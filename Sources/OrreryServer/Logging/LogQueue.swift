import Foundation
import Logging
import OrreryTransport

/// A queue of log lines, written by a thread of its own: logging never waits for a disk, a terminal or a collector.
///
/// ```swift
/// let lines = LogQueue()
/// LoggingSystem.bootstrap { label in
///     NonBlockingLogHandler.standardError(label: label, queue: lines)
/// }
/// defer { lines.flush(atMost: .seconds(1)) }
/// ```
public final class LogQueue: @unchecked Sendable {
    // Guard: `lock`, around all that varies.

    /// How many lines may wait; further ones are dropped and counted. Stops a stalled reader of the log from filling
    /// the memory.
    public let lineCountMax: Int

    private typealias Line = (handler: any LogHandler, event: LogEvent)

    private let lock = Lock()
    private let changed: Condition
    private var lines = Queue<Line>()
    private var isWriting = false
    private var hasThread = false
    private var untoldCount: UInt64 = 0
    private var droppedCount: UInt64 = 0

    /// Makes an empty queue. A thread of its own writes the lines.
    public init(lineCountMax: Int = 1024) {
        precondition(lineCountMax > 0, "a queue without room drops everything")
        self.lineCountMax = lineCountMax
        changed = Condition(of: lock)
    }

    /// The number of lines dropped so far. A server whose logger writes through this queue exports it as the metric
    /// `orrery_log_lines_dropped_total`.
    public var droppedLineCount: UInt64 { lock.withLock { droppedCount } }

    /// Adds a line to be written. Takes a lock briefly, and never waits for the writer.
    func add(_ event: LogEvent, to handler: any LogHandler) {
        let needsThread = lock.withLock {
            guard lines.count < lineCountMax else {
                droppedCount += 1
                untoldCount += 1
                return false
            }
            lines.append((handler, event))
            changed.signal()
            defer { hasThread = true }
            return !hasThread
        }
        if needsThread { startThread() }
    }

    /// Waits until all logged lines are written, but no longer than `duration`: for the end of a program.
    /// - Returns: Whether all lines were written. If not, the writer is blocked. `exit` does not wait for a blocked
    ///   writer of ``NonBlockingLogHandler/standardError(label:queue:)``, but it does wait for a writer that is blocked
    ///   inside C's `stderr`: after `false` only `_exit` ends such a program.
    @discardableResult
    public func flush(atMost duration: Duration) -> Bool {
        let deadline = ContinuousClock.now + duration
        return lock.withLock {
            while !lines.isEmpty || isWriting {
                guard ContinuousClock.now < deadline else { return false }
                changed.wait(atMost: deadline - ContinuousClock.now)
            }
            return true
        }
    }

    private func startThread() {
        let thread = Thread { [self] in
            // A reader of the log that has gone away must not end the process.
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            while true { writeNext() }
        }
        thread.name = "orrery-log"
        thread.start()
    }

    private func writeNext() {
        var (line, untold) = lock.withLock { () -> (Line, UInt64) in
            isWriting = false
            changed.signal()
            while true {
                if let line = lines.popFirst() {
                    isWriting = true
                    defer { untoldCount = 0 }
                    return (line, untoldCount)
                }
                changed.wait(atMost: .seconds(3600))
            }
        }
        if untold > 0 {
            line.event.metadata = (line.event.metadata ?? [:]).merging(["dropped-lines": "\(untold)"]) { $1 }
        }
        line.handler.log(event: line.event)
    }
}
