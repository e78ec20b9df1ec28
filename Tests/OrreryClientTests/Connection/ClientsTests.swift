import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Synchronization
import Testing

/// What the world is told of the clients that come and go.
@Suite struct ClientsTests {
    /// Lines that systems write.
    final class Log: Sendable {
        private let lines = Mutex<[String]>([])
        func write(_ line: String) { lines.withLock { $0.append(line) } }
        func take() -> [String] {
            lines.withLock { lines in
                defer { lines = [] }
                return lines
            }
        }
    }

    private let log = Log()

    private func makeWorld(retention: Duration = .seconds(10)) throws -> JoinedWorld {
        var schedule = Schedule()
        schedule.add("tell", in: .input, .events(ClientJoined.self), .events(ClientLeft.self), .resource(Clients.self))
        {
            [log] joined, left, clients, tick in
            for event in joined { log.write("\(tick.tick) +\(event.client.name)") }
            for event in left { log.write("\(tick.tick) -\(event.client.name) \(event.cause)") }
            if !joined.isEmpty || !left.isEmpty {
                log.write(clients?.all.map { "\($0.id)=\($0.name)" }.joined(separator: " ") ?? "none")
            }
        }
        var configuration = SimulationConfiguration(tickRate: .hertz(10))
        configuration.sync.clientRetention = retention
        let joined = try JoinedWorld(schedule: schedule, configuration: configuration) { sync in
            try sync.register(Position.self)
            sync.spawning = .byClients(where: { $0.world.resource(Clients.self)?[$0.client.id] == $0.client })
        }
        joined.tick()
        return joined
    }

    @Test func joiningAndClosingAreToldOnceInTheNextTick() throws {
        let joined = try makeWorld()
        #expect(joined.world.resource(Clients.self)?.all == [])
        let ada = try joined.connect(name: "ada")
        let bob = try joined.connect(name: "bob")
        joined.tick()
        #expect(log.take() == ["2 +ada", "2 +bob", "1=ada 2=bob"])
        joined.tick()
        #expect(log.take() == [])
        ada.close()
        joined.tick()
        #expect(log.take() == ["4 -ada closed", "2=bob"])
        #expect(joined.world.resource(Clients.self)?[ClientID(1)] == nil)
        #expect(joined.world.resource(Clients.self)?[ClientID(2)]?.name == "bob")
        withExtendedLifetime(bob) {}
    }

    /// The rule sees a client in the first mutation that it sends.
    @Test func aClientHasJoinedBeforeItsFirstMutation() throws {
        let joined = try makeWorld()
        let client = try joined.connect(name: "ada")
        _ = try joined.run { try await client.connection.enqueue(.spawn()).outcome }
        #expect(log.take() == ["2 +ada", "1=ada"])
    }

    @Test func aLostConnectionIsNoDeparture() throws {
        let joined = try makeWorld()
        let ada = try joined.connect(name: "ada")
        joined.tick()
        _ = log.take()
        ada.cut()
        for _ in 0..<50 where ada.connection.status.state != .connected || joined.serverTick < Tick(10) {
            joined.tick()
        }
        #expect(ada.connection.status.lostConnectionCount == 1 && !ada.connection.isStale)
        joined.tick()
        #expect(log.take() == [])
    }

    @Test func whoDoesNotComeBackInTimeHasLeft() throws {
        let joined = try makeWorld(retention: .seconds(3))
        let ada = try joined.connect(name: "ada")
        joined.tick()
        ada.cut()
        joined.deliver()
        ada.link.toServer.isHanging = true
        _ = log.take()
        var passed = Duration.zero
        while log.take().isEmpty, passed < .seconds(30) {
            joined.passTime(.milliseconds(100))
            joined.tick()
            passed += .milliseconds(200)
        }
        #expect((.seconds(3)...(.seconds(4))).contains(passed), "\(passed)")
        #expect(joined.world.resource(Clients.self)?.all == [])
    }

    @Test func whoComesAndGoesBetweenTwoTicksIsNotTold() throws {
        let joined = try makeWorld()
        let stays = try joined.connect(name: "stays")
        for _ in 0..<5 { try joined.connect(name: "goes").close() }
        joined.deliver()
        joined.tick()
        #expect(log.take() == ["2 +stays", "1=stays"])
        withExtendedLifetime(stays) {}
    }

    @Test func anotherLifeOfTheWorldBeginsWithoutClients() throws {
        let joined = try makeWorld()
        let ada = try joined.connect(name: "ada")
        joined.tick()
        _ = log.take()
        let epoch = ada.connection.epoch
        try joined.restart(with: World())
        #expect(joined.world.resource(Clients.self)?.all == [])
        for _ in 0..<50 where ada.connection.isStale || ada.connection.epoch == epoch { joined.tick() }
        joined.tick()
        let lines = log.take()
        #expect(lines.count == 2 && lines[0].hasSuffix("+ada") && lines[1] == "1=ada", "\(lines)")
    }
}
