import OrrerySchema
import Testing

@Suite("Random numbers come from a seed")
struct SeededGeneratorTests {
    /// The generator's published first outputs for the seed 1234567.
    @Test func publishedNumbers() {
        var generator = SeededGenerator(seed: 1_234_567)
        #expect(
            (0..<5).map { _ in generator.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test func placesHaveStreamsOfTheirOwn() {
        var firsts: Set<UInt64> = []
        for seed: UInt64 in 0..<10 {
            for tick: UInt64 in 0..<10 {
                for stream: UInt64 in 0..<10 {
                    var generator = SeededGenerator(seed: seed, path: tick, stream)
                    firsts.insert(generator.next())
                    #expect(
                        SeededGenerator(seed: seed, path: tick, stream)
                            == SeededGenerator(seed: seed, path: tick, stream))
                }
            }
        }
        #expect(firsts.count == 1000)
        #expect(SeededGenerator(seed: 1, path: 2, 3) != SeededGenerator(seed: 1, path: 3, 2))
    }
}
