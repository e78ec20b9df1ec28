import OrreryQuery

extension QueryTable {
    /// What is done at once, and what together: as measured on 100,000 entities.
    struct Tuning {
        /// Units of work of the longest evaluation that is done at once: a sixth of a millisecond or so. Longer ones
        /// are done in parts.
        let pieceWorkMax: Int
        /// The fewest queries that are evaluated together, if one field decides about all of them: 0.13 ms for each
        /// alone; 1.0 ms, and 0.025 ms for each, together.
        let togetherCountMin: Int
        /// Pages of queries that are evaluated together.
        let togetherPageCount: Int
        /// Rows that a ranking has in reserve, at least.
        let reserveMin: Int
        /// The most rows that are looked at in a tick to find out who is in a window.
        let windowRowCountMax: Int

        /// The distance at which somebody leaves a region, divided by its radius.
        let regionLeaveRatio: Double

        /// Pages that are evaluated at once, times nodes.
        static let partSize = 64

        init(_ configuration: SyncServerConfiguration) {
            let evaluatesInParts = configuration.evaluatesInParts
            pieceWorkMax = evaluatesInParts ? 0 : 128
            togetherCountMin = evaluatesInParts ? 2 : 12
            togetherPageCount = evaluatesInParts ? 1 : 16
            reserveMin = evaluatesInParts ? 1 : 128
            windowRowCountMax = configuration.windowRowCountMax
            regionLeaveRatio = max(1, configuration.regionLeaveRatio)
        }

        /// What evaluating so many queries together costs: as much as one of so many nodes.
        static func togetherNodeCount(_ count: Int) -> Int { 16 + 3 * count / 8 }

        /// Units of work for putting the rows of some pages in order: as much as of a query of 64 nodes.
        static func work(ofOrdering pageCount: Int) -> Int {
            pageCount == 0 ? 0 : Query.work(pageCount: pageCount, nodeCount: 64)
        }
    }
}
