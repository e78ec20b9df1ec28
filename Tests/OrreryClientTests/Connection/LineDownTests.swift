import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Synchronization
import Testing

/// What a reader knows when the line is down.
@Suite struct LineDownTests {
    private func makeWorld() throws -> JoinedWorld {
        try JoinedWorld { sync in try sync.register(Position.self, writable: .byClients) }
    }

    @Test func beforeTheFirstWelcomeNothingIsShown() throws {
        let joined = try makeWorld()
        joined.world.spawn(Position(x: 1))
        let client = try joined.connect(delivering: false)
        let connection = client.connection
        #expect(connection.isStale && connection.status.state == .connecting)
        connection.withSnapshot { #expect($0.entityCount == 0) }
        joined.tick()
        #expect(!connection.isStale && connection.status.state == .connected)
    }

    @Test func theLastStateStaysWhileTheLineIsDown() throws {
        let joined = try makeWorld()
        let ship = joined.world.spawn(Position(x: 1))
        joined.tick()
        let client = try joined.connect()
        let view = try joined.run { try await client.connection.view(of: Position.self, for: ship) }
        #expect(!view.isStale && view.value == Position(x: 1))
        client.cut()
        joined.deliver()
        #expect(client.connection.status.state == .waiting)
        try joined.world.set(Position(x: 2), on: ship)
        joined.tick()
        #expect(view.isStale && view.end == nil && view.value == Position(x: 1))
        for _ in 0..<50 where view.isStale { joined.passTime(.milliseconds(100)) }
        joined.tick()
        #expect(!view.isStale && view.value == Position(x: 2))
        client.close()
        #expect(view.isStale && view.end?.code == .closed && view.value == Position(x: 2))
    }

    @Test func theOldLifeIsShownUntilTheNewOneIsHere() throws {
        let joined = try makeWorld()
        joined.world.spawn(Position(x: 1))
        joined.tick()
        let client = try joined.connect()
        let connection = client.connection
        let view = try joined.run { try await connection.view(of: Position.self) }
        let epoch = connection.epoch
        let next = World()
        next.spawn(Position(x: 2))
        try joined.restart(with: next)
        joined.tick()
        // The new life has welcomed it, but not yet heard what it asks for.
        client.link.toServer.delay = .milliseconds(300)
        #expect(view.isStale && connection.epoch == epoch && view.values.map(\.value.x) == [1])
        var sawVoid = false
        for _ in 0..<100 where connection.epoch == epoch {
            joined.passTime(.milliseconds(100))
            if connection.status.state == .connected, connection.epoch == epoch {
                sawVoid = true
                #expect(view.isStale && view.values.map(\.value.x) == [1])
            }
        }
        #expect(sawVoid && connection.epoch != epoch)
        #expect(!view.isStale && view.values.map(\.value.x) == [2])
    }

    @Test func theNewestStatusWaitsForItsReader() throws {
        let joined = try makeWorld()
        joined.tick()
        let client = try joined.connect()
        var states: [ConnectionStatus.State] = []
        try joined.run {
            var statuses = client.connection.statuses.makeAsyncIterator()
            states.append(try #require(await statuses.next()).state)
            client.cut()
            joined.deliver()
            for _ in 0..<50 where client.connection.isStale { joined.passTime(.milliseconds(100)) }
            // Of waiting, connecting and connected.
            states.append(try #require(await statuses.next()).state)
            client.close()
            while let status = await statuses.next() { states.append(status.state) }
        }
        #expect(states == [.connected, .connected, .ended])
    }
}
