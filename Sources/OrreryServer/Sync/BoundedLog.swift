import Logging
import OrrerySync

/// Logs repeated events at a bounded rate: a peer or a component that is always wrong must not fill the disk.
struct BoundedLog {
    private let logger: Logger
    private var allowance: RateAllowance
    private var leftOutCount = 0

    init(_ logger: Logger, perSecond: Int, now: Duration) {
        self.logger = logger
        allowance = RateAllowance(perSecond: perSecond, now: now)
    }

    mutating func note(
        _ message: Logger.Message, _ metadata: @autoclosure () -> Logger.Metadata, level: Logger.Level = .notice,
        now: Duration
    ) {
        guard allowance.take(now: now) else {
            leftOutCount += 1
            return
        }
        var metadata = metadata()
        if leftOutCount > 0 { metadata["left-out"] = "\(leftOutCount)" }
        leftOutCount = 0
        logger.log(level: level, message, metadata: metadata)
    }

    /// Time has passed: logs the number of left-out messages, if no other message has come since.
    mutating func timePassed(now: @autoclosure () -> Duration) {
        guard leftOutCount > 0, allowance.take(now: now()) else { return }
        logger.notice("more of that kind than is logged", metadata: ["left-out": "\(leftOutCount)"])
        leftOutCount = 0
    }
}
