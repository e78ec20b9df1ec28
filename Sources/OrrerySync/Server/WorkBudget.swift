/// How much may be done until the next renewal. Work is counted, never timed, so that a run repeats itself.
///
/// What goes beyond is taken off the next periods, a few at most: the last piece of work may be larger than what is
/// left.
struct WorkBudget {
    /// Periods after which the largest piece of work is forgotten.
    private static let debtPeriodsMax = 8
    /// Units of a period in which nothing is held back.
    private let perPeriodMax: Int
    /// Units of this period.
    private(set) var perPeriod: Int
    private(set) var left: Int

    init(perPeriod: Int) {
        perPeriodMax = max(1, perPeriod)
        self.perPeriod = perPeriodMax
        left = perPeriodMax
    }

    var isUsedUp: Bool { left <= 0 }

    mutating func charge(_ units: Int) { left -= units }

    /// What another budget did not need in the last period.
    mutating func lend(_ units: Int) { left += max(0, units) }

    mutating func renew(_ pace: WorkPace = WorkPace()) {
        perPeriod = pace.share(of: perPeriodMax)
        left = min(perPeriod, max(left, -Self.debtPeriodsMax * perPeriod) + perPeriod)
    }
}

/// The share of its budgets that a server gives out. How much work a machine does in a tick is not known beforehand:
/// where ticks came together, since the work of the one before was not done in time, less is given out, until they come
/// one by one. Ticks are counted, so that a run repeats itself.
///
/// (As windows of TCP are found: down by a part at each loss, up by little.)
struct WorkPace {
    private static let whole = 4096
    /// What a tick that came alone gives back: so little that what is lost by trying is little.
    private static let growth = 2
    private static let shareMin = whole / 8
    private var share = whole

    /// - Parameter ticks: how far the world is beyond what was sent last.
    mutating func worldAdvanced(by ticks: UInt64) {
        share = ticks > 1 ? max(Self.shareMin, share * 3 / 4) : min(Self.whole, share + Self.growth)
    }

    func share(of units: Int) -> Int { max(1, Int((Int64(units) * Int64(share)) / Int64(Self.whole))) }
}
