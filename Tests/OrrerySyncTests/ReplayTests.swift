import OrrerySchema
import OrreryTesting
import Testing

/// The same seed gives the same run, byte for byte.
@Suite struct ReplayTests {
    struct Trace: Equatable {
        var ticks: [Tick] = []
        var received: [UInt64] = []
        var contents: [Contents] = []
    }

    func trace(seed: UInt64) throws -> Trace {
        var script = try RandomScript(seed: seed)
        var trace = Trace()
        for _ in 0..<40 {
            try script.changeWorld()
            try script.changeClients()
            script.tick()
            trace.ticks += script.clients.map(\.client.tick)
            trace.received += script.clients.map(\.client.receivedByteCount)
            trace.contents += script.clients.map(\.client.contents)
        }
        return trace
    }

    @Test(arguments: [3, 17, 41] as [UInt64])
    func aSeedGivesItsRunAgain(seed: UInt64) throws {
        let first = try trace(seed: seed)
        #expect(try trace(seed: seed) == first)
        #expect(first.received.contains { $0 > 0 })
    }
}
