/// Limits how often something may happen: a number of times per second, and as many at once after a pause.
package struct RateAllowance: Sendable {
    private let perSecond: Double
    private var left: Double
    private var filledAt: Duration

    package init(perSecond: Int, now: Duration) {
        self.perSecond = Double(perSecond)
        left = self.perSecond
        filledAt = now
    }

    /// Uses up one occurrence, if one is allowed.
    package mutating func take(now: Duration) -> Bool {
        refill(now: now)
        guard left >= 1 else { return false }
        left -= 1
        return true
    }

    /// Uses up one occurrence that has happened already.
    mutating func charge(now: Duration) {
        refill(now: now)
        left -= 1
    }

    /// Whether one occurrence is allowed.
    mutating func hasOne(now: Duration) -> Bool {
        refill(now: now)
        return left >= 1
    }

    /// Within this time, nothing is added: most calls come in one such moment.
    private static let moment: Duration = .milliseconds(1)

    private mutating func refill(now: Duration) {
        guard now - filledAt >= Self.moment else { return }
        left = min(perSecond, left + max(0, (now - filledAt) / .seconds(1)) * perSecond)
        filledAt = now
    }
}
