/// How much may be done until the next renewal. Work is counted, never timed, so that a run repeats itself.
///
/// What goes beyond is taken off the next periods, a few at most: the last piece of work may be larger than what is left.
struct WorkBudget {
    /// Periods after which the largest piece of work is forgotten.
    private static let debtPeriodsMax = 8
    /// Units of a period.
    let perPeriod: Int
    private(set) var left: Int

    init(perPeriod: Int) {
        self.perPeriod = max(1, perPeriod)
        left = self.perPeriod
    }

    var isUsedUp: Bool { left <= 0 }

    mutating func charge(_ units: Int) { left -= units }

    mutating func renew() { left = min(perPeriod, max(left, -Self.debtPeriodsMax * perPeriod) + perPeriod) }
}
