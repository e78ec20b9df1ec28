import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import OrreryWire
import Testing

@testable import OrreryClient

// begin
extension VisibilityGroups {
    static let red = VisibilityGroups(rawValue: 1 << 0)
    static let blue = VisibilityGroups(rawValue: 1 << 1)
}
// end

extension JoinedClient {
    fileprivate var entities: [Entity] { contents.entities.keys.sorted() }
}

private struct Cloak: Component {
    var isOn = false
}

private struct Target: Component {
    var entity = Entity.none
    var distance: Float = 0
}

/// A client sees what its class sees. What is hidden from it is absent, whatever it asks.
@Suite(.timeLimit(.minutes(1))) struct VisibilityTests {
    private func makeJoined(_ schedule: Schedule = Schedule()) throws -> JoinedWorld {
        var configuration = SimulationConfiguration()
        configuration.authorize = Authorizer { request in
            switch request.bearerToken {
            case "red": .allowed(.all, subject: "red", visibility: Visibility(groups: .red))
            case "blue": .allowed(.all, subject: "blue", visibility: Visibility(groups: .blue))
            case "healthless": .allowed(.all, visibility: Visibility(components: ["Position"]))
            case "watcher": .allowed(.observe)
            case "driver": .allowed(.control)
            case "everything": .allowed(.all)
            default: .unauthorized("who are you?")
            }
        }
        return try JoinedWorld(schedule: schedule, configuration: configuration) { sync in
            try sync.register(Position.self, writable: .byClients)
            try sync.register(Health.self)
            try sync.register(Target.self, writable: .byClients)
            sync.despawning = .byClients
        }
    }

    /// For a client, who was hidden while it was away is gone, and somebody who comes anew.
    @Test func whoWasHiddenWhileAClientWasAwayJoinsAgain() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Position(x: 1), Health(), VisibilityGroups.red)
        joined.tick()
        let client = try joined.connect(token: "red")
        let query = try #require(client.query("with Position, Target?"))
        client.subscribe(["Health"])
        joined.tick()
        #expect(client.session.withCore { $0.members(of: query) } == [entity])
        client.cut()
        joined.deliver()
        try joined.world.insert(VisibilityGroups.blue, on: entity)
        try joined.world.remove(Health.self, from: entity)
        joined.tick()
        try joined.world.insert(VisibilityGroups.red, on: entity)
        joined.tick()
        for _ in 0..<50 where !client.isWelcomed { joined.tick() }
        joined.tick()
        #expect(client.connection.status.lostConnectionCount == 1)
        #expect(client.session.withCore { $0.members(of: query) } == [entity])
    }

    @Test func eachClassSeesItsWorld() throws {
        let joined = try makeJoined()
        let world = joined.world
        let (common, red, blue) = (
            world.spawn(Position(x: 1)), world.spawn(Position(x: 2), VisibilityGroups.red),
            world.spawn(Position(x: 3), VisibilityGroups.blue)
        )
        let nobodys = world.spawn(Position(x: 4), VisibilityGroups())
        joined.tick()
        let clients = try ["red", "blue", "everything"].map { try joined.connect(token: $0) }
        for client in clients { client.subscribe() }
        joined.tick()
        #expect(clients.map(\.entities) == [[common, red], [common, blue], [common, red, blue, nobodys]])
        try world.insert(VisibilityGroups([.red, .blue]), on: blue)
        try world.insert(VisibilityGroups.blue, on: red)
        joined.tick()
        #expect(
            clients.map(\.entities) == [[common, blue], [common, red, blue], joined.contents.entities.keys.sorted()])
        #expect(clients[0].contents.entities[blue]?["Position"] == joined.contents.entities[blue]?["Position"])
        try world.remove(VisibilityGroups.self, from: nobodys)
        try world.set(Position(x: 9), on: blue)
        joined.tick()
        #expect(clients[0].entities == [common, blue, nobodys])
        #expect(
            clients.map { $0.contents.entities[blue]?["Position"] }
                == Array(repeating: joined.contents.entities[blue]?["Position"], count: 3))
        // An index is used again: who has it now is seen, though the one before was not.
        try world.despawn(nobodys)
        joined.tick()
        let next = world.spawn(Position(x: 5))
        joined.tick()
        #expect(next.index == nobodys.index && clients.allSatisfy { $0.entities.contains(next) })
    }

    @Test func fieldsThatNameSomebodyHiddenReadAsNone() throws {
        let joined = try makeJoined()
        let world = joined.world
        let hidden = world.spawn(Position(), VisibilityGroups.blue)
        let hunter = world.spawn(Target(entity: hidden, distance: 5))
        joined.tick()
        try joined.run {
            let client = try joined.connect(token: "red").connection
            let query = try await client.query("Target")
            func target() -> Target? { query.values(of: Target.self).first?.value }
            #expect(target()?.entity == Entity.none && target()?.distance == 5)
            let hunters = try await client.query("Target where Target.entity = \(hidden)")
            let idle = try await client.query("Target where Target.entity is nil")
            let hunting = try await client.query("* where refers to \(hidden)")
            #expect(hunters.entities.isEmpty && hunting.entities.isEmpty && idle.entities == [hunter])
            try world.insert(VisibilityGroups.red, on: hidden)
            var batches = hunters.batches.makeAsyncIterator()
            while hunters.entities.isEmpty { _ = try await batches.next() }
            #expect(target()?.entity == hidden && hunting.entities == [hunter] && idle.entities.isEmpty)
            try world.insert(VisibilityGroups.blue, on: hidden)
            while !hunters.entities.isEmpty { _ = try await batches.next() }
            #expect(target()?.entity == Entity.none)
        }
    }

    @Test func hiddenComponentsAreNotThere() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Position(x: 1), Health(current: 10))
        joined.tick()
        try joined.run {
            let client = try joined.connect(token: "healthless").connection
            #expect(client.components.map(\.name) == ["Position"])
            let error = await #expect(throws: ClientError.self) {
                _ = try await client.query("* where Health.current > 5")
            }
            #expect(
                error?.query?.kind == .unknownComponent && error?.query?.nearest == nil
                    && error?.query?.expected.contains("Health") == false)
            let everything = try await client.query("*")
            #expect(everything.entities == [entity] && everything.values(of: Position.self).count == 1)
        }
    }

    @Test func aMutationOfSomebodyHiddenIsOneOfSomebodyDead() throws {
        let joined = try makeJoined()
        let world = joined.world
        let (hidden, dead) = (world.spawn(Position(), VisibilityGroups.blue), world.spawn(Position()))
        let hunter = world.spawn(Target(entity: hidden, distance: 5))
        try world.despawn(dead)
        joined.tick()
        try joined.run {
            let client = try joined.connect(token: "red").connection
            func refusal(of entity: Entity) async -> String {
                do {
                    _ = try await client.enqueue(.set(Position(x: 5), on: entity)).outcome
                    return "applied"
                } catch {
                    return "\(error)".replacing("\(entity)", with: "it")
                }
            }
            #expect(await refusal(of: hidden) == refusal(of: dead))
            await #expect(throws: ClientError.self) { _ = try await client.enqueue(.despawn(hidden)).outcome }
            // What the client does not see, it leaves alone.
            let query = try await client.query("Target")
            let seen = try #require(query.values(of: Target.self).first?.value)
            _ = try await client.enqueue(
                .set(Target(entity: seen.entity, distance: 7), on: hunter, expecting: seen)
            ).outcome
            #expect(world[hunter, Target.self]?.entity == hidden && world[hunter, Target.self]?.distance == 7)
            _ = try await client.enqueue(.set(Target(entity: hunter, distance: 8), on: hunter)).outcome
            #expect(world[hunter, Target.self]?.entity == hunter)
        }
        #expect(world.contains(hidden) && world[hidden, Position.self]?.x == 0)
    }

    @Test func rightsAreAsked() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Position(x: 1))
        joined.tick()
        try joined.run {
            let watcher = try joined.connect(token: "watcher").connection
            #expect(watcher.rights == .observe)
            let query = try await watcher.query("Position")
            #expect(query.entities == [entity])
            var error = await #expect(throws: ClientError.self) {
                _ = try await watcher.enqueue(.set(Position(x: 5), on: entity)).outcome
            }
            #expect(error?.code == .forbidden && error?.message.contains("control") == true)
            let driver = try joined.connect(token: "driver").connection
            #expect(driver.rights == .control)
            error = await #expect(throws: ClientError.self) { _ = try await driver.query("Position") }
            #expect(error?.code == .forbidden && error?.message.contains("observe") == true)
            _ = try await driver.enqueue(.set(Position(x: 5), on: entity)).outcome
        }
        #expect(joined.world[entity, Position.self]?.x == 5)
    }

    @Test func aClientChangesItsClass() throws {
        let joined = try makeJoined()
        let world = joined.world
        let (red, blue) = (
            world.spawn(Position(x: 2), VisibilityGroups.red), world.spawn(Position(x: 3), VisibilityGroups.blue)
        )
        joined.tick()
        let client = try joined.connect(token: "red")
        client.subscribe()
        joined.tick()
        #expect(client.entities == [red])
        _ = client.takeBatches()
        var clients = try #require(world.resource(Clients.self))
        let identity = try #require(clients.all.first)
        #expect(identity.subject == "red")
        clients.setVisibility(Visibility(groups: .blue), of: identity.id)
        world.insertResource(clients)
        for _ in 0..<100 where client.entities != [blue] { joined.tick() }
        #expect(client.entities == [blue])
        #expect(client.takeBatches().compactMap(\.reset) == [.otherClass])
        // It keeps its class when it comes back.
        client.cut()
        for _ in 0..<100 { joined.tick() }
        #expect(client.isWelcomed && client.entities == [blue])
        #expect(client.takeBatches().compactMap(\.reset) == [])
    }

    @Test func mutationsUnderWayKeepTheirOutcomes() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Position(x: 1))
        joined.tick()
        let client = try joined.connect(token: "red")
        client.subscribe()
        joined.tick()
        try joined.run {
            let handle = client.connection.enqueue(.set(Position(x: 5), on: entity))
            var clients = try #require(joined.world.resource(Clients.self))
            clients.setVisibility(Visibility(groups: .blue), of: try #require(client.connection.clientID))
            joined.world.insertResource(clients)
            _ = try await handle.outcome
        }
        #expect(joined.world[entity, Position.self]?.x == 5)
    }

    @Test func groupsThemselvesAreNotShown() throws {
        let error = #expect(throws: SchemaError.self) {
            try JoinedWorld { sync in try sync.register(VisibilityGroups.self) }
        }
        #expect(error?.description.contains("never sent") == true)
    }

    @Test func aSystemDecidesWhoSees() throws {
        var schedule = Schedule()
        // begin
        schedule.add("cloak", in: .update, Read<Cloak>.self, Write<VisibilityGroups>.self) { query, tick in
            query.forEach { cloak, groups in groups = cloak.isOn ? .red : [.red, .blue] }
        }
        // end
        let joined = try makeJoined(schedule)
        let ship = joined.world.spawn(Position(), Cloak(), VisibilityGroups())
        joined.tick()
        let client = try joined.connect(token: "blue")
        client.subscribe()
        joined.tick()
        #expect(client.entities == [ship])
        try joined.world.set(Cloak(isOn: true), on: ship)
        joined.tick()
        #expect(client.entities.isEmpty)
    }

    @Test func whoMayDoWhat() throws {
        let players = ["secret": (name: "ann", team: VisibilityGroups.red)]
        var configuration = SimulationConfiguration()
        // begin
        configuration.authorize = Authorizer { request in
            guard let player = players[request.bearerToken ?? ""] else { return .unauthorized("Log in first.") }
            return .allowed([.observe, .control], subject: player.name, visibility: Visibility(groups: player.team))
        }
        // end
        let joined = try JoinedWorld(configuration: configuration) { try $0.register(Position.self) }
        let world = joined.world
        // begin
        let scout = world.spawn(Position(), VisibilityGroups.red)  // red sees it
        try world.insert(VisibilityGroups([.red, .blue]), on: scout)  // now blue does, too
        try world.remove(VisibilityGroups.self, from: scout)  // now everybody
        // end
        try world.insert(VisibilityGroups.blue, on: scout)
        joined.tick()
        let client = try joined.connect(token: "secret")
        client.subscribe()
        joined.tick()
        #expect(client.entities.isEmpty)
        let player = try #require(client.connection.clientID)
        // begin
        var clients = world.resource(Clients.self)!
        clients.setVisibility(Visibility(groups: .blue), of: player)  // a system, when a player changes sides
        world.insertResource(clients)
        // end
        for _ in 0..<100 where client.entities != [scout] { joined.tick() }
        #expect(client.entities == [scout])
    }

    @Test func theServerItselfIsGivenByName() throws {
        // begin
        let monitor = Visibility(components: ["orrery.Server", "orrery.System"])  // and nothing of the world
        // end
        var configuration = SimulationConfiguration()
        configuration.authorize = Authorizer { _ in .allowed(.observe, visibility: monitor) }
        let joined = try JoinedWorld(configuration: configuration) { try $0.register(Position.self) }
        joined.tick()
        let connection = try joined.connect().connection
        #expect(connection.statusComponents.map(\.name) == ["orrery.Server", "orrery.System"])
        #expect(connection.components.isEmpty)
    }

    @Test func thePageHasTheseExamplesAndNoOthers() throws {
        let personal = #filePath.replacing("VisibilityTests", with: "PersonalVisibilityTests")
        let page = try ExamplePage("docs/ACCESS.md", tests: #filePath, personal)
        #expect(page.examples.count == 10)
        #expect(page.unknown.isEmpty, "\(page.unknown)")
    }
}
