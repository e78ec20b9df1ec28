import Testing

@Suite("Any script of changes leaves the world, its log and its queries as the naive world has them")
struct ModelTests {
    /// Four seeds, a million operations.
    @Test(arguments: testSeeds())
    func randomScript(seed: UInt64) async throws {
        print("OrreryECS model script: rerun with ORRERY_SEED=\(seed)")
        let ledger = try await run(seed: seed)
        #expect(ledger.living == 0, "nothing outlives its world")
    }

    private func run(seed: UInt64) async throws -> Counted.Ledger {
        var script = ModelScript(seed: seed)
        for part in 0..<250 {
            if part == 125 { script.trackMore() }
            try script.run(operationCount: 1000)
            // Tests with deadlines share the threads.
            await Task.yield()
        }
        script.drain()
        #expect(script.drainCount > 100)
        return script.ledger
    }
}
