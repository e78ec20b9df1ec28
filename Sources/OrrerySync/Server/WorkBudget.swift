/// The work that may be done until the next renewal. Work is counted, never timed, so that a run is reproducible.
///
/// Work beyond the budget is deducted from the next periods, a few at most: the last piece of work may be larger than
/// what is left.
struct WorkBudget {
    /// Periods after which the largest piece of work is forgotten.
    private static let debtPeriodsMax = 8
    /// Units per period when nothing is held back.
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

    /// Adds units that another budget did not use in the last period.
    mutating func lend(_ units: Int) { left += max(0, units) }

    mutating func renew(_ pace: WorkPace = WorkPace()) {
        perPeriod = pace.share(of: perPeriodMax)
        left = min(perPeriod, max(left, -Self.debtPeriodsMax * perPeriod) + perPeriod)
    }
}

/// The share of its budgets that a server spends. How much work a machine can do in a tick is not known beforehand.
///
/// If several ticks arrive at once, because the work of the previous one was not done in time, the server spends less,
/// until they arrive one by one. Ticks are counted, not timed, so that a run is reproducible. (TCP finds its windows in
/// this way: down by a factor at each loss, up by little.)
struct WorkPace {
    private static let whole = 4096
    /// The share that a tick restores if it arrives alone: so little that a failed try costs little.
    private static let growth = 2
    private static let shareMin = whole / 8
    private var share = whole

    /// - Parameter ticks: The distance of the world from the tick that was sent last.
    mutating func worldAdvanced(by ticks: UInt64) {
        share = ticks > 1 ? max(Self.shareMin, share * 3 / 4) : min(Self.whole, share + Self.growth)
    }

    func share(of units: Int) -> Int {
        let (product, isTooLarge) = units.multipliedReportingOverflow(by: share)
        return max(1, isTooLarge ? units / Self.whole * share : product / Self.whole)
    }
}
