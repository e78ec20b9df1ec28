import Testing

@Suite("Any script of changes leaves the world, its log and its queries as the naive world has them")
struct ModelTests {
    /// Four seeds, a million operations.
    @Test(arguments: testSeeds())
    func randomScript(seed: UInt64) throws {
        print("OrreryECS model script: rerun with ORRERY_SEED=\(seed)")
        var script: ModelScript? = ModelScript(seed: seed)
        try script?.run(operationCount: 250_000)
        #expect((script?.drainCount ?? 0) > 100)
        let ledger = script?.ledger
        script = nil
        #expect(ledger?.living == 0, "nothing outlives its world")
    }
}
