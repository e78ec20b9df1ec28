import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import OrreryTransport
import Testing

@Suite("Whatever a server is started with, it shows all of it, or says why not", .timeLimit(.minutes(1)))
struct StartTests {
    struct Pair<A: Sendable & Numeric & BitwiseCopyable, B: Sendable & Numeric & BitwiseCopyable>: Component {
        var a: A = 0
        var b: B = 0

        struct Inner: Component { var value = 0.0 }
    }

    private func makeJoined(_ world: World = World(), schedule: Schedule = Schedule()) throws -> JoinedWorld {
        try JoinedWorld(world: world, schedule: schedule) { sync in
            try sync.register(Position.self)
            try sync.register(Label.self)
        }
    }

    /// Connects a client that sees all, after a tick.
    private func expectAllShown(_ joined: JoinedWorld, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let client = try joined.connect()
        client.subscribe()
        for _ in 0..<3 { joined.tick() }
        #expect(client.contents.entities.count == joined.world.entityCount, sourceLocation: sourceLocation)
        #expect(client.contents == joined.contents, sourceLocation: sourceLocation)
        #expect(client.takeErrors().isEmpty, sourceLocation: sourceLocation)
    }

    @Test(.bug(id: "o04", "only what changed later was shown, and generations of whatever was in the memory"))
    func aWorldThatAnotherServerHasShown() throws {
        let joined = try makeJoined()
        let old = joined.world.spawn(Position(x: 1), Label(text: "old"))
        let gone = joined.world.spawn(Position(x: 2))
        joined.tick()
        try joined.world.despawn(gone)
        try joined.world.remove(Label.self, from: old)
        joined.world.spawn(Label(text: "new"))
        try joined.restart(with: joined.world)
        try expectAllShown(joined)
        try joined.world.set(Position(x: 5), on: old)
        try joined.world.insert(Label(text: "again"), on: old)
        try expectAllShown(joined)
        joined.world._checkInvariants()
    }

    @Test func aWorldWhoseChangesWereRead() throws {
        let world = World()
        world.track(Position.self)
        world.track(Health.self)
        let entity = world.spawn(Position(x: 1), Health())
        let log = ChangeLog()
        world.drainChanges(into: log)
        try world.set(Position(x: 2), on: entity)
        world.spawn(Label(text: "a"), Health())
        let joined = try makeJoined(world)
        world._checkInvariants()
        try expectAllShown(joined)
        #expect(
            world.components.filter(\.isTracked).map(\.name) == ["Position", "Label", "VisibilityGroups"],
            "no other is logged for nothing")
    }

    @Test func aWorldThatHasRunForLong() throws {
        let world = World()
        var schedule = Schedule()
        schedule.add("move", in: .update, Write<Position>.self) { query, _ in query.forEach { $0.x += 1 } }
        for number in 0..<3000 { world.spawn(Position(x: Float(number))) }
        for _ in 0..<100 { schedule.runTick(on: world, step: .seconds(1)) }
        let joined = try makeJoined(world, schedule: schedule)
        try expectAllShown(joined)
        #expect(joined.world.tick.rawValue == 103)
    }

    @Test(.bug(id: "f01", "commands waited for a system that did not come"))
    func commandsOfBeforeWithoutASystem() throws {
        let world = World()
        world.commands.spawn(Position(x: 1))
        let joined = try makeJoined(world)
        try expectAllShown(joined)
        #expect(world.entityCount == 1)
        joined.world.commands.spawn(Label(text: "later"))
        joined.tick()
        #expect(joined.contents.entities.count == 2)
    }

    /// What observers of mutations put off has no system to wait for.
    @Test func commandsOfObserversWithoutASystem() throws {
        let world = World()
        let joined = try JoinedWorld(world: world) { sync in try sync.register(Position.self, writable: .byClients) }
        world.observe(Position.self) { $0.world.commands.insert(Frozen(), on: $0.entity) }
        let entity = world.spawn(Position())
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        #expect(world.has(Frozen.self, on: entity))
    }

    @Test func nothingAtAll() throws {
        let joined = try JoinedWorld { _ in }
        joined.world.spawn(Position())
        let client = try joined.connect()
        client.subscribe()
        for _ in 0..<3 { joined.tick() }
        #expect(client.contents.entities.count == 1)
    }

    @Test(.bug(id: "o03", "a name with a comma could not be subscribed to"))
    func componentsOfGenericTypes() async throws {
        let network = MemoryNetwork()
        let server = try SimulationServer(
            world: World(), schedule: Schedule(), transport: network.server(name: "generic")
        ) { sync in
            try sync.register(Pair<Int, Double>.self)
            try sync.register(Pair<Int, Int>.Inner.self)
            try sync.register(Pair<Int, Double>.Inner.self)
            try sync.register(Position.self)
        }
        async let running: Void = server.run()
        let client = SimulationClient(url: server.url, transport: network.client, reconnect: .never)
        let entity = try await server.perform { world in
            world.spawn(
                Pair<Int, Double>(a: 1, b: 2.5), Pair<Int, Int>.Inner(value: 3), Pair<Int, Double>.Inner(value: 4))
        }
        try await client.withConnection { connection in
            let pairs = try await connection.subscribe(
                anyOf: ["Position", "Pair<Int, Double>", "Pair<Int, Int>.Inner"])
            defer { pairs.cancel() }
            let pair = try connection.withSnapshot { try $0.value(of: "Pair<Int, Double>", of: entity) }
            #expect(pair?["a"] == .signed(1) && pair?["b"] == .double(2.5))
            let view = try await connection.view(of: Pair<Int, Double>.Inner.self)
            #expect(view[entity]?.value == 4)
        }
        server.stop()
        try await running
    }

    @Test func typesOfOneNameAreToldApartInTheError() throws {
        enum Other { struct Position: Component {} }
        let error = #expect(throws: SchemaError.self) {
            _ = try JoinedWorld { sync in
                try sync.register(Position.self)
                try sync.register(Other.Position.self)
            }
        }
        #expect(
            error?.message.contains("OrreryServerTests.Position have the same name; state another `componentName`")
                == true)
    }
}
