import Foundation
import Testing

@testable import FuzzQueries

/// Seeds of `Scripts/fuzz queries`, with the checks of debug builds.
@Suite struct FuzzingTests {
    private let corpus: Corpus

    init() throws {
        corpus = try Corpus(folder: try #require(Bundle.module.url(forResource: "Golden", withExtension: nil)))
    }

    /// Fast evaluation over bytes has the answers of slow evaluation over values.
    @Test(arguments: seeds(60))
    func aQueryHasTheMembersThatTheRulesGive(seed: UInt64) throws {
        var fuzzing = QueryFuzzing(seed: seed, corpus)
        let world = fuzzing.makeWorld()
        #expect(try fuzzing.evaluate(world).count > 10)
    }

    @Test(arguments: seeds(3))
    func nothingIsFound(seed: UInt64) {
        var fuzzing = QueryFuzzing(seed: seed, corpus)
        #expect(fuzzing.run()?.message == nil)
    }
}
