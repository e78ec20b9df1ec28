import Testing

@Suite("Any script leaves the world, its log, its observers, readers and queries as the naive world has them")
struct ModelTests {
    /// Four seeds, 800,000 operations; built for debugging, which takes twenty times as long, 200,000.
    @Test(arguments: testSeeds())
    func operationByOperation(seed: UInt64) async throws {
        print("OrreryECS model script: rerun with ORRERY_SEED=\(seed)")
        let ledger = try await runDirectly(seed: seed)
        #expect(ledger.living == 0, "nothing outlives its world")
    }

    /// Twice four seeds, 320,000 operations; built for debugging 80,000.
    @Test(arguments: testSeeds(), [1, 3])
    func inASchedule(seed: UInt64, threadCount: Int) async throws {
        print("OrreryECS model script in a schedule of \(threadCount) threads: rerun with ORRERY_SEED=\(seed)")
        let ledger = try await runScheduled(seed: seed, threadCount: threadCount)
        #expect(ledger.living == 0, "nothing outlives its world")
    }

    #if DEBUG
        private static let divisor = 4
    #else
        private static let divisor = 1
    #endif

    /// Half of it in a world that nobody observes, which goes shorter ways.
    private func runDirectly(seed: UInt64) async throws -> Counted.Ledger {
        let operationCount = 200_000 / Self.divisor
        var direct = DirectModelScript(ModelScript(seed: seed, hasRelations: !seed.isMultiple(of: 2)))
        while direct.script.operationCount < operationCount / 2 { try await runTick(isObserved: false) }
        direct.script.widen()
        while direct.script.operationCount < operationCount { try await runTick(isObserved: true) }
        #expect(direct.script.noticeCount > 10_000 / Self.divisor)
        return direct.script.ledger

        func runTick(isObserved: Bool) async throws {
            try direct.runTick(isObserved: isObserved)
            // Tests with deadlines share the threads.
            await Task.yield()
        }
    }

    private func runScheduled(seed: UInt64, threadCount: Int) async throws -> Counted.Ledger {
        var scheduled = try ScheduledModelScript(ModelScript(seed: seed, hasRelations: true), threadCount: threadCount)
        scheduled.script.widen()
        let (operationCount, noticeCount) = (40_000 / Self.divisor, 1000 / Self.divisor)
        // Some seeds observe little, and go on until observers have been told enough.
        while scheduled.script.operationCount < operationCount
            || scheduled.script.noticeCount <= noticeCount && scheduled.script.operationCount < 4 * operationCount
        {
            try scheduled.runTick()
            await Task.yield()
        }
        #expect(scheduled.script.noticeCount > noticeCount)
        return scheduled.script.ledger
    }
}
