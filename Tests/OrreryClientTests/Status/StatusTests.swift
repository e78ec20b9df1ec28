import OrreryECS
import OrreryQuery
import OrrerySchema
import OrreryServer
import OrreryTesting
import OrreryStore
import OrreryWire
import Synchronization
import Testing

@testable import OrreryClient

/// A server shows itself to those who may look, while they look.
@Suite(.timeLimit(.minutes(1))) struct StatusTests {
    private func makeJoined() throws -> JoinedWorld {
        var schedule = Schedule()
        schedule.add("move", in: .update, Write<Position>.self, Maybe<Health>.self) { query, _ in
            query.forEach { position, _ in position.x += 1 }
        }
        schedule.add("tidy", in: .late) { _, _ in }
        var configuration = SimulationConfiguration(tickRate: .hertz(20))
        configuration.authorize = Authorizer { request in
            switch request.bearerToken {
            case "everything", nil: .allowed(.all, subject: "boss")
            case "watcher": .allowed(.observe)
            case "driver": .allowed(.control)
            case "red": .allowed(.all, visibility: Visibility(groups: .red))
            case "monitor": .allowed(.observe, visibility: Visibility(components: ["orrery.System", "orrery.Server"]))
            default: .unauthorized("who are you?")
            }
        }
        let joined = try JoinedWorld(schedule: schedule, configuration: configuration) { sync in
            try sync.register(Position.self, writable: .byClients)
            try sync.register(Health.self)
            sync.despawning = .byClients
        }
        joined.world.spawn(Position(x: 1), Health(current: 5))
        joined.world.spawn(Position(x: 2))
        joined.tick()
        return joined
    }

    // MARK: What there is to see

    @Test func systemsAreShownWithTheirTerms() throws {
        let joined = try makeJoined()
        try joined.run {
            let connection = try joined.connect().connection
            let view = try await connection.view(of: SystemStatus.self)
            let systems = view.values.map(\.value)
            #expect(systems.map(\.name) == ["move", "tidy"] && systems.map(\.phase) == ["update", "late"])
            #expect(systems.map(\.terms) == [["Position, Health?"], []] && systems.map(\.stage) == [0, 1])
            #expect(systems.map(\.entities) == [2, 0] && systems.allSatisfy { $0.runs >= 1 })
            // The terms are a query of who it works on.
            let matched = try await connection.rows(QueryText(systems[0].terms[0]))
            #expect(matched.count == 2)
        }
    }

    @Test func theServerItsSessionsComponentsAndQueriesAreShown() throws {
        let joined = try makeJoined()
        try joined.run {
            let connection = try joined.connect(name: "observer").connection
            let positions = try await connection.query("Position where Position.x > 0")
            let server = try #require(try await connection.rows("resource orrery.Server").value(of: ServerStatus.self))
            #expect(server.entities == 2 && server.sessions == 1 && server.tickRate == 20 && server.queries == 1)
            #expect(server.epoch == connection.epoch.rawValue && server.uptime > 0 && server.tick > 0)
            let sessions = try await connection.rows("orrery.Session").values(of: SessionStatus.self).map(\.value)
            #expect(sessions.map(\.name) == ["observer"] && sessions.map(\.subject) == ["boss"])
            #expect(sessions.map(\.queries) == [1] && sessions[0].sent > 0 && sessions[0].seesEverything)
            let components = try await connection.rows("orrery.Component").values(of: ComponentStatus.self)
                .map(\.value)
            #expect(components.map(\.name) == ["Position", "Health"] && components.map(\.rows) == [2, 1])
            #expect(components[0].changesPerTick == 2 && components[0].encoded > 0 && components[0].size > 0)
            let queries = try await connection.rows("orrery.Query").values(of: QueryStatus.self).map(\.value)
            #expect(queries.map(\.text) == ["Position where Position.x > 0"] && queries.map(\.members) == [2])
            #expect(queries.map(\.subscriptions) == [1])
            // Three entities at first, then those that move; their values and who they are.
            #expect(queries[0].tested > 2 && queries[0].encoded >= 2 * 12 && queries[0].nodes == 2)
            _ = positions
        }
    }

    @Test func soManySessionsAndQueriesAreListed() throws {
        var configuration = SimulationConfiguration(tickRate: .hertz(20))
        configuration.sync.statusRowCountMax = 3
        let joined = try JoinedWorld(configuration: configuration) { sync in try sync.register(Position.self) }
        let clients = try (0..<5).map { _ in try joined.connect() }
        try joined.run {
            for (number, client) in clients.enumerated() {
                _ = client.query("Position where Position.x > \(number)")
            }
            let connection = clients[4].connection
            #expect(try await connection.rows("orrery.Session").entities.count == 3)
            #expect(try await connection.rows("orrery.Query").entities.count == 3)
            let server = try await connection.rows("resource orrery.Server").value(of: ServerStatus.self)
            #expect(server?.sessions == 5 && server?.queries == 5)
        }
    }

    @Test func conditionsFindThem() throws {
        let joined = try makeJoined()
        try joined.run {
            let connection = try joined.connect().connection
            let query = try await connection.query("orrery.System where orrery.System.entities > 0")
            #expect(query.values(of: SystemStatus.self).map(\.value.name) == ["move"])
            #expect(query.entities.map(\.generation) == [0], "no entity of a world")
            var batches = query.batches.makeAsyncIterator()
            #expect(try await batches.next()?.joined == query.entities)
            for entity in joined.contents.entities.keys where entity.generation > 0 { try joined.world.despawn(entity) }
            var batch = try #require(try await batches.next())
            while batch.left.isEmpty { batch = try #require(try await batches.next()) }
            #expect(batch.left.count == 1 && query.entities.isEmpty)
        }
    }

    @Test func whoGoesIsNotShownAnyMore() throws {
        let joined = try makeJoined()
        let other = try joined.connect(name: "other")
        try joined.run {
            let connection = try joined.connect(name: "observer").connection
            let view = try await connection.view(of: SessionStatus.self)
            #expect(view.values.map(\.value.name) == ["other", "observer"])
            other.connection.close()
            while view.count > 1 { joined.tick() }
            #expect(view.values.map(\.value.name) == ["observer"])
            let third = try joined.connect(name: "third")
            while view.count == 1 { joined.tick() }
            #expect(view.values.map(\.value.name).sorted() == ["observer", "third"])
            _ = third
        }
    }

    // MARK: The world is not touched

    @Test func noQueryOfTheWorldTouchesThem() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        try joined.run {
            let connection = client.connection
            let everything = try await connection.query("*")
            let plain = try await connection.query("* where not has Health")
            let systems = try await connection.view(of: SystemStatus.self)
            for _ in 0..<30 { joined.tick() }
            #expect(systems.count == 2 && everything.entities.count == 2 && plain.entities.count == 1)
            #expect(connection.withSnapshot { $0.entityCount } == 2)
            #expect(connection.withSnapshot { $0.entities.allSatisfy { $0.generation > 0 } })
            #expect(connection.components.map(\.name) == ["Position", "Health"] && connection.resources.isEmpty)
            #expect(
                connection.statusComponents.map(\.name) == [
                    "orrery.Server", "orrery.System", "orrery.Session", "orrery.Component", "orrery.Query",
                ])
            #expect(try await connection.rows("* where ~ \"move\"").count == 0)
            #expect(try await connection.rows("*").count == 2)
        }
        #expect(joined.store.entities.count == 2)
    }

    @Test func nobodyWritesThem() throws {
        let joined = try makeJoined()
        try joined.run {
            let connection = try joined.connect().connection
            let view = try await connection.view(of: SystemStatus.self)
            let row = try #require(view.entities.first)
            for (mutation, code) in [
                (ClientMutation.set(SystemStatus(), on: row), ClientError.Code.notWritable),
                (.despawn(row), .unknownEntity), (.set(Position(), on: row), .unknownEntity),
            ] {
                let error = await #expect(throws: ClientError.self) { try await connection.enqueue(mutation).outcome }
                #expect(error?.code == code, "\(error as Any)")
            }
            #expect(view.count == 2)
        }
    }

    @Test func noComponentOfAWorldTakesTheirNames() {
        struct Mine: Component {
            static var componentName: String { "orrery.Mine" }
        }
        let error = #expect(throws: SchemaError.self) { try JoinedWorld { try $0.register(Mine.self) } }
        #expect("\(error as Any)".contains("orrery."))
    }

    // MARK: Only while somebody looks, and not often

    @Test func nothingIsBuiltWhileNobodyLooks() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        client.subscribe()
        for _ in 0..<40 { joined.tick() }
        #expect(joined.statusRefreshCount == 0)
        try joined.run {
            let view = try await client.connection.view(of: SystemStatus.self)
            #expect(joined.statusRefreshCount == 1)
            // 20 ticks a second: twice a second is every tenth.
            for _ in 0..<100 { joined.tick() }
            #expect((9...11).contains(joined.statusRefreshCount), "\(joined.statusRefreshCount)")
            #expect(joined.statusRowCount == 2, "nothing that nobody names")
            view.cancel()
            joined.tick()
            joined.tick()
            let count = joined.statusRefreshCount
            for _ in 0..<40 { joined.tick() }
            #expect(joined.statusRefreshCount == count && joined.statusRowCount == 0)
            _ = try await client.connection.rows("orrery.Session")
            for _ in 0..<40 { joined.tick() }
            // Who asks once looks for a second.
            #expect((count + 1...count + 2).contains(joined.statusRefreshCount) && joined.statusRowCount == 0)
        }
    }

    @Test func theyAreNoMoreThanTheSettingSays() throws {
        var configuration = SimulationConfiguration(tickRate: .hertz(20))
        configuration.sync.statusInterval = .seconds(2)
        let joined = try JoinedWorld(configuration: configuration) { try $0.register(Position.self) }
        joined.tick()
        try joined.run {
            let view = try await joined.connect().connection.query("resource orrery.Server")
            for _ in 0..<200 { joined.tick() }
            #expect((5...7).contains(joined.statusRefreshCount), "\(joined.statusRefreshCount)")
            _ = view
        }
    }

    // MARK: Who may look

    @Test func whoMayNotLookKnowsNothingOfThem() throws {
        let joined = try makeJoined()
        try joined.run {
            for token in ["driver", "red"] {
                let connection = try joined.connect(token: token).connection
                #expect(connection.statusComponents.isEmpty)
                #expect(connection.componentTable.entries.map(\.name) == ["Position", "Health"], "\(token)")
            }
            let red = try joined.connect(token: "red").connection
            func refusal(_ text: String) async -> ClientError? {
                await #expect(throws: ClientError.self) { _ = try await red.rows(QueryText(text)) }
            }
            let known = await refusal("orrery.System")
            let unknown = await refusal("orrery.Sistem")
            #expect(known?.query == unknown?.query && known?.message == unknown?.message)
            #expect(known?.query?.kind == .unknownComponent && known?.query?.nearest == nil)
            #expect(await refusal("resource orrery.Server")?.query == refusal("resource orrery.Nothing")?.query)
            #expect(joined.statusRefreshCount == 0)
        }
    }

    @Test func aMutationTellsNothingToThoseWhoMayNotLook() throws {
        let joined = try makeJoined()
        let (driver, boss) = (try joined.connect(token: "driver"), try joined.connect(token: "everything"))
        let column = try #require(boss.connection.componentTable["orrery.System"]?.column)
        let entity = Entity(statusRow: 1)
        func refusals(_ client: JoinedClient) -> [Refusal] {
            let told = Mutex<[Refusal]>([])
            for column in [column, ColumnID(77)] {
                client.mutate(.remove(entity, column)) { result in
                    if case .success(.refused(let refusal)) = result { told.withLock { $0.append(refusal) } }
                }
            }
            joined.tick()
            joined.tick()
            return told.withLock(\.self)
        }
        let hidden = refusals(driver)
        #expect(hidden.map(\.code) == [.unknownComponent, .unknownComponent])
        #expect(hidden.first?.reason.replacing("\(column)", with: "77") == hidden.last?.reason)
        #expect(refusals(boss).map(\.code) == [.notWritable, .unknownComponent])
    }

    @Test func aClassMayBeGivenThemByName() throws {
        let joined = try makeJoined()
        try joined.run {
            let connection = try joined.connect(token: "monitor").connection
            #expect(connection.statusComponents.map(\.name) == ["orrery.Server", "orrery.System"])
            #expect(connection.components.isEmpty)
            let query = try await connection.query("orrery.System where orrery.System.entities = 2")
            #expect(query.values(of: SystemStatus.self).map(\.value.name) == ["move"])
            joined.world.spawn(Position())
            while !query.entities.isEmpty { joined.tick() }
            #expect(
                try await connection.rows("orrery.System").values(of: SystemStatus.self).map(\.value.entities) == [
                    3, 0,
                ])
            #expect(try await connection.rows("resource orrery.Server").value(of: ServerStatus.self)?.entities == 3)
        }
    }

    // MARK: Lost connections, other lives

    @Test func theyGoOnAfterALostConnectionAndInAnotherLife() throws {
        let joined = try makeJoined()
        let client = try joined.connect(name: "observer")
        try joined.run(ticksMax: 3000) {
            let view = try await client.connection.view(of: SessionStatus.self)
            let query = try await client.connection.query("orrery.Session where orrery.Session.queries > 0")
            let other = try joined.connect(name: "other")
            while view.count == 1 { joined.tick() }
            client.cut()
            other.connection.close()
            for _ in 0..<20 { joined.tick() }
            while client.connection.status.state != .connected { joined.tick(); joined.passTime(.milliseconds(10)) }
            for _ in 0..<40 { joined.tick() }
            #expect(view.values.map(\.value.name) == ["observer"] && query.entities == view.entities)
            try joined.restart(with: World())
            joined.tick()
            let epoch = joined.revision.epoch
            while client.connection.epoch != epoch { joined.tick(); joined.passTime(.milliseconds(10)) }
            for _ in 0..<40 { joined.tick() }
            #expect(view.values.map(\.value.name) == ["observer"] && query.entities == view.entities)
        }
    }

    /// Who asks once gets an answer, however short the time between two looks is beside a tick.
    @Test(arguments: [Duration.zero, .milliseconds(10), .milliseconds(500)])
    func whoAsksOnceLooksUntilTheAnswerComes(interval: Duration) throws {
        var configuration = SimulationConfiguration(tickRate: .hertz(2))
        configuration.sync.statusInterval = interval
        let joined = try JoinedWorld(configuration: configuration) { sync in try sync.register(Position.self) }
        try joined.run(ticksMax: 100) {
            let connection = try joined.connect().connection
            let server = try await connection.query("resource orrery.Server")
            #expect(try await connection.rows("orrery.Session").entities.count == 1)
            #expect(try await connection.rows("orrery.Query").entities.count == 1)
            #expect(server.end == nil)
        }
    }
}
