import Testing
import simulate

/// The same seed gives the same run, byte for byte.
@Suite struct ReplayTests {
    @Test(arguments: [3, 17, 41] as [UInt64])
    func aSeedGivesItsRunAgain(seed: UInt64) throws {
        let first = try Simulation.run(seed: seed, isTraced: true)
        #expect(try Simulation.run(seed: seed, isTraced: true) == first)
        #expect(first.trace.count > Simulation.stepCount)
        #expect(try Simulation.run(seed: seed + 1, isTraced: true).trace != first.trace)
    }

    /// What is written down changes nothing of what happens.
    @Test func anUntracedRunIsTheSame() throws {
        #expect(try Simulation.run(seed: 5).violation == Simulation.run(seed: 5, isTraced: true).violation)
        #expect(try Simulation.run(seed: 5).trace.isEmpty)
    }
}
