import Foundation
import Testing
import simulate

/// What must hold in every run, whatever happens in it. A failing seed is in the name of its test case; `ORRERY_SEED=n`
/// runs that one alone, `ORRERY_SEEDS=from..<to` others, `Scripts/simulate --seed n` shows it step by step. The smoke
/// test runs many more.
@Suite struct RandomScriptTests {
    static var seeds: Range<UInt64> {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["ORRERY_SEED"].flatMap(UInt64.init) { return seed..<seed + 1 }
        let bounds = environment["ORRERY_SEEDS"]?.split(separator: "..<").compactMap { UInt64($0) } ?? []
        return bounds.count == 2 ? bounds[0]..<bounds[1] : 0..<40
    }

    @Test(arguments: seeds)
    func everyPromiseIsKeptAfterEveryStep(seed: UInt64) throws {
        #expect(try Simulation.run(seed: seed).violation == nil)
    }
}
