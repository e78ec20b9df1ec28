import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import OrreryWire
import Testing

@testable import OrreryClient

extension JoinedClient {
    fileprivate var entities: [Entity] { contents.entities.keys.sorted() }
}

private struct Card: Component {
    var owner = ClientID(0)
    var isOpen = false
}

private struct Cloak: Component {}

private struct Target: Component {
    var entity = Entity.none
}

/// Whom nobody has told the rule of.
private final class Friends: Sendable {
    let all: Bool
    init(all: Bool) { self.all = all }
}

/// Rules of visibility show each client what is for it alone.
@Suite(.timeLimit(.minutes(1))) struct PersonalVisibilityTests {
    private func makeJoined(
        _ restrict: @escaping (inout SyncRegistry) throws -> Void = { sync in
            // begin
            try sync.restrict(Card.self) { card, sight in card.isOpen || card.owner == sight.client.id }
            // end
        },
        configure: (inout SimulationConfiguration) -> Void = { _ in }
    ) throws -> JoinedWorld {
        var configuration = SimulationConfiguration()
        configuration.authorize = Authorizer { request in
            guard let name = request.bearerToken else { return .allowed(.all) }
            if name == "spectator" { return .allowed(.all, visibility: Visibility(groups: .red)) }
            // begin
            let visibility = Visibility(groups: .red, isPersonal: true)
            // end
            return .allowed(.all, subject: name, visibility: visibility)
        }
        configure(&configuration)
        return try JoinedWorld(configuration: configuration) { sync in
            try sync.register(Position.self, writable: .byClients)
            try sync.register(Card.self)
            try sync.register(Target.self, writable: .byClients)
            sync.despawning = .byClients
            try restrict(&sync)
        }
    }

    /// Connects, and subscribes to everything.
    private func join(_ joined: JoinedWorld, as names: String?...) throws -> [JoinedClient] {
        let clients = try names.map { try joined.connect(token: $0) }
        joined.tick()
        for client in clients { client.subscribe() }
        joined.tick()
        return clients
    }

    @Test func eachSeesItsOwn() throws {
        let joined = try makeJoined()
        let world = joined.world
        let table = world.spawn(Position())
        joined.tick()
        let clients = try join(joined, as: "ann", "bob", "spectator", nil)
        let ids = try clients.prefix(2).map { try #require($0.connection.clientID) }
        let cards = ids.map { world.spawn(Card(owner: $0)) }
        joined.tick()
        let all = [table] + cards
        #expect(clients.map(\.entities) == [[table, cards[0]], [table, cards[1]], [table], all])
        // The card changes hands, and another is laid open.
        try world.set(Card(owner: ids[1]), on: cards[0])
        try world.set(Card(owner: ids[1], isOpen: true), on: cards[1])
        joined.tick()
        #expect(clients.map(\.entities) == [[table, cards[1]], all, [table], all])
        // It is no card any more.
        try world.remove(Card.self, from: cards[0])
        joined.tick()
        #expect(clients.map(\.entities) == [all, all, [table, cards[0]], all])
        try world.despawn(cards[1])
        joined.tick()
        let other = world.spawn(Card(owner: ids[0]))
        #expect(other.index == cards[1].index, "another card at the index of one that was open")
        joined.tick()
        #expect(
            clients.map(\.entities) == [
                [table, cards[0], other].sorted(), [table, cards[0]], [table, cards[0]],
                [table, cards[0], other].sorted(),
            ])
    }

    @Test func whoHasNotJoinedYetIsOfTheClassThatItCameWith() throws {
        let joined = try makeJoined()
        let table = joined.world.spawn(Position())
        joined.tick()
        let ann = try join(joined, as: "ann")[0]
        let next = ClientID(try #require(ann.connection.clientID).rawValue + 1)
        let client = try joined.connect(token: "spectator")
        // The server has admitted the client, and the world has not heard of it.
        var clients = try #require(joined.world.resource(Clients.self))
        #expect(clients[next] == nil)
        clients.setVisibility(Visibility(groups: .red, isPersonal: true), of: next)
        joined.world.insertResource(clients)
        joined.tick()
        client.subscribe()
        joined.tick()
        #expect(client.connection.clientID == next)
        #expect(client.entities == [table])
    }

    @Test func groupsHideToo() throws {
        let joined = try makeJoined()
        let client = try join(joined, as: "ann")[0]
        let id = try #require(client.connection.clientID)
        let card = joined.world.spawn(Card(owner: id), VisibilityGroups.blue)
        joined.tick()
        #expect(client.entities.isEmpty)
        try joined.world.insert(VisibilityGroups.red, on: card)
        joined.tick()
        #expect(client.entities == [card])
    }

    @Test func allRulesHaveToShow() throws {
        let joined = try makeJoined { sync in
            try sync.restrict(Card.self) { card, sight in card.owner == sight.client.id }
            try sync.restrict(Target.self) { _, sight in sight.client.subject == "ann" }
        }
        let world = joined.world
        let clients = try join(joined, as: "ann", "bob")
        let id = try #require(clients[1].connection.clientID)
        let cards = [world.spawn(Card(owner: id)), world.spawn(Card(owner: id), Target()), world.spawn(Target())]
        joined.tick()
        #expect(clients.map(\.entities) == [[cards[2]], [cards[0]]])
    }

    @Test func otherComponentsThatARuleReadsCount() throws {
        let joined = try makeJoined { sync in
            // begin
            try sync.restrict(Card.self, reading: Cloak.self) { card, sight in
                !sight.world.has(Cloak.self, on: sight.entity) || card.owner == sight.client.id
            }
            // end
        }
        let client = try join(joined, as: "ann")[0]
        let card = joined.world.spawn(Card())
        joined.tick()
        #expect(client.entities == [card])
        try joined.world.insert(Cloak(), on: card)
        joined.tick()
        #expect(client.entities.isEmpty)
        try joined.world.remove(Cloak.self, from: card)
        joined.tick()
        #expect(client.entities == [card])
    }

    @Test func aRuleIsAskedAgainOnRequest() throws {
        let joined = try makeJoined { sync in
            try sync.restrict(Card.self) { _, sight in sight.world.resource(Friends.self)?.all ?? false }
        }
        let world = joined.world
        let clients = try join(joined, as: "ann", "bob")
        let player = try #require(clients[0].connection.clientID)
        let cards = [world.spawn(Card()), world.spawn(Card())]
        world.insertResource(Friends(all: true))
        joined.tick()
        #expect(clients.map(\.entities) == [cards, cards])
        world.insertResource(Friends(all: false))
        joined.tick()
        #expect(clients.map(\.entities) == [cards, cards], "nothing tells the rule")
        var server = try #require(world.resource(Clients.self))
        server.invalidateVisibility(of: cards[0])
        world.insertResource(server)
        joined.tick()
        #expect(clients.map(\.entities) == [[cards[1]], [cards[1]]])
        world.insertResource(Friends(all: true))
        // begin
        var clientsOfServer = world.resource(Clients.self)!
        clientsOfServer.invalidateVisibility(of: player)  // or of an entity; without an argument: of everything
        world.insertResource(clientsOfServer)
        // end
        joined.tick()
        #expect(clients.map(\.entities) == [cards, [cards[1]]])
        server = try #require(world.resource(Clients.self))
        server.invalidateVisibility()
        world.insertResource(server)
        joined.tick()
        #expect(clients.map(\.entities) == [cards, cards])
    }

    /// Who comes later or comes back is shown the same, and what it has is not sent again.
    @Test func whoComesBackGoesOn() throws {
        let joined = try makeJoined()
        let client = try join(joined, as: "ann")[0]
        let id = try #require(client.connection.clientID)
        let cards = (0..<100).map { _ in joined.world.spawn(Card(owner: id)) }
        joined.tick()
        #expect(client.entities == cards)
        client.cut()
        try joined.world.set(Card(owner: ClientID(99)), on: cards[7])
        let before = client.receivedByteCount
        for _ in 0..<200 { joined.tick() }
        #expect(client.entities == cards.filter { $0 != cards[7] })
        #expect(client.takeBatches().compactMap(\.reset) == [])
        #expect(client.receivedByteCount - before < 1000, "\(client.receivedByteCount - before) bytes")
        #expect(try join(joined, as: "spectator").map(\.entities) == [[]])
    }

    @Test func whatIsHiddenIsAbsent() throws {
        let joined = try makeJoined()
        let world = joined.world
        let client = try join(joined, as: "ann")[0]
        let id = try #require(client.connection.clientID)
        let cards = [world.spawn(Position(), Card(owner: id)), world.spawn(Position(), Card())]
        let arrows = cards.map { world.spawn(Target(entity: $0)) }
        joined.tick()
        #expect(client.entities == [cards[0]] + arrows)
        let bytes = arrows.map { client.contents.entities[$0]?["Target"] }
        let none = try DynamicValue.entity(.none).encoded(as: .entity)
        #expect(bytes[1] != bytes[0] && bytes[1] == none)
        try joined.run {
            let connection = client.connection
            _ = try await connection.enqueue(.set(Position(x: 1), on: cards[0])).outcome
            await #expect(throws: ClientError.self) {
                _ = try await connection.enqueue(.set(Position(x: 1), on: cards[1])).outcome
            }
            await #expect(throws: ClientError.self) {
                _ = try await connection.enqueue(.despawn(cards[1])).outcome
            }
            // What it sees as nobody stays as it is.
            _ = try await connection.enqueue(.set(Target(), on: arrows[1])).outcome
            _ = try await connection.enqueue(.set(Target(), on: arrows[0])).outcome
        }
        #expect(world[cards[1], Position.self]?.x == 0)
        #expect(world[arrows[1], Target.self]?.entity == cards[1])
        #expect(world[arrows[0], Target.self]?.entity == Entity.none)
    }

    @Test func nobodyIsShownTooMuch() throws {
        let joined = try makeJoined(configure: { $0.personalEntityCountMax = 10 })
        let world = joined.world
        let client = try join(joined, as: "ann")[0]
        let id = try #require(client.connection.clientID)
        let cards = (0..<30).map { _ in world.spawn(Card(owner: id)) }
        joined.tick()
        #expect(client.entities == Array(cards[..<10]))
        // Where there is room again, others come.
        for card in cards[..<4] { try world.despawn(card) }
        joined.tick()
        joined.tick()
        #expect(client.entities == Array(cards[4..<14]))
        let late = try join(joined, as: "bob")[0]
        #expect(late.entities.isEmpty)
    }

    /// What a client is not shown for want of room is absent, too.
    @Test func whatThereIsNoRoomForIsAbsent() throws {
        let joined = try makeJoined { sync in
            try sync.restrict(Card.self) { _, _ in true }
        } configure: {
            $0.personalEntityCountMax = 1
        }
        let world = joined.world
        let cards = (0..<2).map { world.spawn(Position(x: Float($0)), Card()) }
        let arrow = world.spawn(Target(entity: cards[1]))
        joined.tick()
        let client = try join(joined, as: "ann")[0]
        #expect(client.entities == [cards[0], arrow])
        try joined.run {
            let connection = client.connection
            let error = await #expect(throws: ClientError.self) {
                _ = try await connection.enqueue(.set(Position(x: 7), on: cards[1])).outcome
            }
            #expect(error?.code == .unknownEntity)
            // What it sees as nobody is what it may expect.
            let none = try DynamicValue.entity(.none).encoded(as: .entity)
            #expect(client.contents.entities[arrow]?["Target"] == none)
            _ = try await connection.enqueue(.set(Position(x: 7), on: cards[0])).outcome
            _ = try await connection.enqueue(.set(Target(), on: arrow)).outcome
        }
        #expect(world[cards[1], Position.self]?.x == 1)
        #expect(world[arrow, Target.self]?.entity == cards[1])
    }

    @Test func aNewSightNeedsNoSecondPlace() throws {
        let joined = try makeJoined(configure: { $0.sync.personalViewCountMax = 1 })
        let client = try join(joined, as: "ann")[0]
        let id = try #require(client.connection.clientID)
        let card = joined.world.spawn(Card(owner: id), VisibilityGroups.blue)
        var clients = try #require(joined.world.resource(Clients.self))
        clients.setVisibility(Visibility(groups: .blue, isPersonal: true), of: id)
        joined.world.insertResource(clients)
        for _ in 0..<100 where client.entities != [card] { joined.tick() }
        #expect(client.entities == [card] && client.end == nil)
    }

    /// A client sees what is its own at once, also in a world that stands still.
    @Test(arguments: [false, true]) func nobodyIsLetInBeforeItIsKnown(isPaused: Bool) throws {
        let joined = try makeJoined { sync in
            try sync.restrict(Card.self) { _, _ in true }
        }
        let card = joined.world.spawn(Card())
        joined.tick()
        let client = try joined.connect(token: "ann", delivering: false)
        joined.deliver()
        #expect(!client.isWelcomed)
        if isPaused { joined.passTime(.milliseconds(50)) } else { joined.tick() }
        #expect(client.isWelcomed)
        client.subscribe()
        if isPaused { joined.passTime(.milliseconds(50)) } else { joined.tick() }
        #expect(client.entities == [card])
        #expect(client.takeBatches().count == 1)
    }

    @Test func aClientBecomesPersonal() throws {
        let joined = try makeJoined()
        let client = try join(joined, as: "spectator")[0]
        let id = try #require(client.connection.clientID)
        let card = joined.world.spawn(Card(owner: id))
        joined.tick()
        #expect(client.entities.isEmpty)
        func set(_ visibility: Visibility) throws {
            var clients = try #require(joined.world.resource(Clients.self))
            clients.setVisibility(visibility, of: id)
            joined.world.insertResource(clients)
        }
        try set(Visibility(isPersonal: true))
        for _ in 0..<100 where client.entities != [card] { joined.tick() }
        #expect(client.entities == [card])
        try set(Visibility(groups: .red))
        for _ in 0..<100 where client.entities != [] { joined.tick() }
        #expect(client.entities.isEmpty)
        #expect(client.takeBatches().compactMap(\.reset) == [.otherClass, .otherClass])
    }

    @Test func thereAreSoManyAndNoMore() throws {
        let joined = try makeJoined(configure: { $0.sync.personalViewCountMax = 2 })
        let clients = try join(joined, as: "ann", "bob", "cem", "spectator")
        #expect(clients.map(\.isWelcomed) == [true, true, false, true])
        #expect("\(clients[2].takeErrors())".contains("2 clients that each see something else"))
        // One that leaves for good makes room at once.
        clients[0].close()
        joined.tick()
        joined.passTime(.milliseconds(50))
        #expect(try join(joined, as: "cem").map(\.isWelcomed) == [true])
    }

    @Test func aResourceIsNoComponentOfARule() throws {
        for restrictsFirst in [false, true] {
            let error = #expect(throws: SchemaError.self) {
                try JoinedWorld { sync in
                    if !restrictsFirst { try sync.register(resource: Card.self) }
                    try sync.restrict(Card.self) { _, _ in true }
                    if restrictsFirst { try sync.register(resource: Card.self) }
                }
            }
            #expect(error?.description.contains("resource") == true)
        }
    }
}
