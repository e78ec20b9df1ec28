import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryStore
import OrreryTesting
import Testing

/// What shows a part of the world can be held against the server, and is right afterwards.
@Suite struct VerifyTests {
    private func makeJoined() throws -> JoinedWorld {
        try JoinedWorld { sync in
            try sync.register(Position.self)
            try sync.register(Health.self)
        }
    }

    /// Another bit in a component that the client has.
    private func damage(_ name: String, of entity: Entity, at client: JoinedClient) throws {
        try client.session.withCore { core in
            let column = core.store[try #require(core.store.table[name]).column]
            var value = try #require(column.value(of: entity.index))
            value[0] ^= 1
            column.set(entity.index, to: value, at: core.store.tick)
        }
    }

    @Test func viewsQueriesAndSubscriptionsAreVerified() throws {
        let joined = try makeJoined()
        let ships = (0..<600).map { joined.world.spawn(Position(x: Float($0)), Health()) }
        joined.tick()
        let client = try joined.connect()
        let connection = client.connection
        try joined.run {
            let all = try await connection.view(of: Position.self)
            let one = try await connection.view(of: Health.self, for: ships[1])
            // More than one list of the protocol.
            let some = try await connection.view(of: Health.self, for: ships[0..<500])
            let nobody = try await connection.subscribeToAll(for: [])
            let hurt = try await connection.query(Health.self, where: \Health.current > 5)
            let ticks = [
                try await all.verify(), try await one.verify(), try await some.verify(), try await hurt.live.verify(),
            ]
            #expect(ticks == ticks.sorted())
            #expect(try await nobody.verify() <= joined.serverTick)
            try damage("Health", of: ships[499], at: client)
            await #expect(throws: ClientError.self) { try await some.verify() }
            #expect(try await some.verify() > .zero)
            #expect(some[ships[499]] == joined.world[ships[499], Health.self])
            #expect(try await all.verify() > .zero)
        }
        #expect(client.takeErrors().map(\.code) == [.stateDiffers])
    }

    /// Other views join and leave a list while it is verified.
    @Test func aListThatChangesMeanwhileIsVerifiedAgain() throws {
        let joined = try makeJoined()
        let ships = (0..<20).map { joined.world.spawn(Position(x: Float($0))) }
        joined.tick()
        let connection = try joined.connect().connection
        try joined.run {
            let first = try await connection.view(of: Position.self, for: ships[0])
            for ship in ships.dropFirst() {
                async let verified = first.verify()
                let other = try await connection.view(of: Position.self, for: ship)
                other.cancel()
                #expect(try await verified > .zero)
            }
        }
    }

    @Test func whoHasEndedIsNotVerified() throws {
        let joined = try makeJoined()
        joined.world.spawn(Position())
        joined.tick()
        let client = try joined.connect()
        try joined.run {
            let view = try await client.connection.view(of: Position.self)
            let other = try await client.connection.subscribe(anyOf: Health.self)
            view.cancel()
            let ended = await #expect(throws: ClientError.self) { try await view.verify() }
            #expect(ended?.code == .closed)
            // A child of this task, so that it runs where this one does.
            async let closed = #expect(throws: ClientError.self) { try await other.verify() }
            client.close()
            #expect(await closed?.code == .closed)
        }
    }
}
