import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Testing
import simulate

@testable import OrreryClient

/// Most batches need no acknowledgement, and nobody comes to harm by that.
@Suite struct AcknowledgementTests {
    private func makeJoined(
        _ hertz: Double, _ configure: (inout SimulationConfiguration) -> Void
    ) throws -> JoinedWorld {
        var configuration = SimulationConfiguration(tickRate: .hertz(hertz))
        configure(&configuration)
        return try JoinedWorld(configuration: configuration) { try $0.register(Position.self) }
    }

    private func join(_ joined: JoinedWorld) throws -> JoinedClient {
        joined.tick()
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        return client
    }

    /// A batch puts off the Heartbeat, which would otherwise have the client say something.
    @Test(arguments: [11, 15, 21, 40]) func whoIsAskedNothingIsNotSilent(silenceTimeout: Int) throws {
        let joined = try makeJoined(1) {
            $0.sync.heartbeatInterval = .seconds(10)
            $0.sync.silenceTimeout = .seconds(silenceTimeout)
            $0.sync.windowTickCount = 1000
        }
        let entity = joined.world.spawn(Position())
        let client = try join(joined)
        for tick in 1...100 {
            if tick.isMultiple(of: 9) { try joined.world.set(Position(x: Float(tick)), on: entity) }
            joined.tick()
            joined.passTime(.zero)
        }
        #expect(client.takeErrors().isEmpty)
    }

    /// The window becomes small while a large batch that needs no acknowledgement is under way.
    @Test func aWindowThatBecomesSmallerDoesNotStayClosed() throws {
        let joined = try makeJoined(5) { $0.sync.heartbeatInterval = .seconds(7) }
        let entities = (0..<2000).map { _ in joined.world.spawn(Position()) }
        let client = try join(joined)
        var number: Float = 0
        func go(_ count: Int) throws {
            number += 1
            for entity in entities.prefix(count) { try joined.world.set(Position(x: number), on: entity) }
            joined.tick()
            for _ in 0..<7 { joined.passTime(.milliseconds(10)) }
        }
        func delay(_ milliseconds: Int) {
            client.link = LinkCondition(
                toServer: .init(delay: .milliseconds(milliseconds)), toClient: .init(delay: .milliseconds(milliseconds))
            )
        }
        for phase in 0..<4 {
            delay(10)
            for _ in 0..<8 { try go(2000) }
            for _ in 0..<(60 + phase) { try go(1) }
            delay(150)
            try go(1)
            try go(600)
            delay(10)
            var (lag, lagMax) = (0, 0)
            for _ in 0..<60 {
                try go(1)
                lag = client.contents == joined.contents ? 0 : lag + 1
                lagMax = max(lag, lagMax)
            }
            #expect(lagMax < 4, "phase \(phase)")
        }
    }

    @Test func aWindowOfAnyNumberOfTicksIsOne() throws {
        let joined = try makeJoined(60) { $0.sync.windowTickCount = .max }
        let entity = joined.world.spawn(Position())
        let client = try join(joined)
        for number in 1..<20 {
            try joined.world.set(Position(x: Float(number)), on: entity)
            joined.tick()
        }
        #expect(client.contents == joined.contents)
    }
}
