import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrrerySync
import OrreryTesting
import OrreryWire
import Testing
import simulate

/// Subscriptions to lists of entities: those, and never others that follow them in their slots.
@Suite struct ListedEntitiesTests {
    private func makeJoined() throws -> JoinedWorld {
        try JoinedWorld { sync in
            try sync.register(Position.self)
            try sync.register(Health.self)
            try sync.register(Frozen.self)
        }
    }

    private func shown(_ client: JoinedClient) -> [Entity] { client.contents.entities.keys.sorted() }

    @Test func theyAreShownAndNoOthers() throws {
        let joined = try makeJoined()
        let entities = (0..<3000).map { joined.world.spawn(Position(x: Float($0)), Health()) }
        let bare = joined.world.spawn()
        joined.tick()
        let client = try joined.connect()
        // Over several pages, in any order, one of them without components.
        let listed = [entities[2999], bare, entities[0], entities[1023], entities[1024]]
        client.subscribe(of: listed)
        joined.tick()
        #expect(shown(client) == listed.sorted())
        #expect(client.contents.entities[entities[0]]?.keys.sorted() == ["Health", "Position"])
        #expect(client.contents.entities[bare] == [:])
        // What happens to them is told, and nothing else is sent.
        try joined.world.set(Position(x: -1), on: entities[1024])
        joined.tick()
        #expect(client.contents.entities[entities[1024]] == joined.contents.entities[entities[1024]])
        let before = client.receivedByteCount
        try joined.world.set(Position(x: -1), on: entities[5])
        joined.tick()
        #expect(client.receivedByteCount == before)
    }

    @Test func someComponentsOfThem() throws {
        let joined = try makeJoined()
        let (both, one, none) = (
            joined.world.spawn(Position(), Health()), joined.world.spawn(Position()), joined.world.spawn(Frozen())
        )
        joined.tick()
        let client = try joined.connect()
        client.subscribe(["Health"], of: [both, one, none])
        joined.tick()
        // Their existence is told, also without the component.
        #expect(shown(client) == [both, one, none].sorted())
        #expect(client.contents.entities.mapValues { $0.keys.sorted() } == [both: ["Health"], one: [], none: []])
        try joined.world.insert(Health(current: 3), on: none)
        _ = try joined.world.remove(Health.self, from: both)
        joined.tick()
        #expect(client.contents.entities.mapValues { $0.keys.sorted() } == [both: [], one: [], none: ["Health"]])
    }

    @Test func deadOnesCountAsNotListed() throws {
        let joined = try makeJoined()
        let (alive, dead) = (joined.world.spawn(Position()), joined.world.spawn(Position()))
        let never = Entity(index: 900_000, generation: 7)
        joined.tick()
        try joined.world.despawn(dead)
        joined.tick()
        let client = try joined.connect()
        let id = try #require(client.subscribe(of: [dead, never, alive]))
        joined.tick()
        #expect(client.takeBatches().flatMap(\.started) == [id])
        #expect(shown(client) == [alive])
        // Another one in the slot of the dead one is not the one that was listed.
        let next = joined.world.spawn(Position())
        #expect(next.index == dead.index)
        joined.tick()
        #expect(shown(client) == [alive])
        #expect(client.end == nil)
    }

    @Test func aListWithoutAnyoneAliveIsRefused() throws {
        let joined = try makeJoined()
        joined.tick()
        let client = try joined.connect()
        client.subscribe(of: [Entity(index: 1, generation: 1), Entity(index: 2, generation: 1)])
        client.subscribe(of: Entity(index: 3, generation: 1))
        joined.tick()
        let errors = client.takeErrors()
        #expect(errors.isEmpty, "who subscribed is told")
        #expect(client.session.withCore(\.waitingSubscriptionCount) == 0)
        #expect(client.session.withCore(\.startedSubscriptions).isEmpty)
        #expect(client.end == nil)
    }

    @Test func aListOfNobodyIsGrantedAndShowsNothing() throws {
        let joined = try makeJoined()
        joined.world.spawn(Position())
        let client = try joined.connect()
        let id = try #require(client.subscribe(of: []))
        joined.tick()
        #expect(client.takeBatches().flatMap(\.started) == [id])
        #expect(shown(client).isEmpty)
        client.unsubscribe(id)
        joined.tick()
        #expect(client.session.withCore(\.startedSubscriptions).isEmpty)
        #expect(client.takeErrors().isEmpty)
    }

    @Test func deathAndReuseOfAnIndexBetweenTwoBatches() throws {
        let joined = try makeJoined()
        let (one, other) = (joined.world.spawn(Position(x: 1)), joined.world.spawn(Position(x: 2)))
        joined.tick()
        let client = try joined.connect()
        client.subscribe(of: [one, other])
        joined.tick()
        _ = client.takeBatches()
        client.isStalled = true
        try joined.world.despawn(one)
        joined.tick()
        let next = joined.world.spawn(Position(x: 9))
        #expect(next.index == one.index)
        joined.tick()
        client.isStalled = false
        joined.tick()
        #expect(shown(client) == [other])
        let changes = client.takeBatches().flatMap(\.changes).filter { $0.entity.index == one.index }
        #expect(changes.map(\.cause) == [.despawned, .despawned])
        #expect(changes.allSatisfy { $0.entity == one })
    }

    @Test func whatTwoListsShowLeavesWithTheSecond() throws {
        let joined = try makeJoined()
        let entities = (0..<4).map { joined.world.spawn(Position(x: Float($0)), Health()) }
        joined.tick()
        let client = try joined.connect()
        let first = try #require(client.subscribe(["Position"], of: Array(entities[0..<3])))
        let second = try #require(client.subscribe(["Position", "Health"], of: Array(entities[1..<4])))
        joined.tick()
        _ = client.takeBatches()
        client.unsubscribe(first)
        joined.tick()
        #expect(shown(client) == Array(entities[1..<4]))
        let left = client.takeBatches().flatMap(\.changes)
        #expect(left.map(\.cause) == [.left, .left] && left.allSatisfy { $0.entity == entities[0] })
        client.unsubscribe(second)
        joined.tick()
        #expect(shown(client).isEmpty)
        #expect(client.takeBatches().flatMap(\.changes).count == 9)
    }

    @Test func comingBackTellsOfThoseThatDiedMeanwhile() throws {
        let joined = try makeJoined()
        let entities = (0..<3).map { joined.world.spawn(Position(x: Float($0))) }
        joined.tick()
        let client = try joined.connect()
        client.subscribe(of: entities)
        joined.tick()
        _ = client.takeBatches()
        client.cut()
        joined.deliver()
        // All of them: that is no reason not to go on.
        for entity in entities { try joined.world.despawn(entity) }
        joined.tick()
        let next = joined.world.spawn(Position(x: 9))
        #expect(entities.contains { $0.index == next.index })
        for _ in 0..<5 {
            joined.tick()
            joined.passTime(.seconds(1))
        }
        let batches = client.takeBatches()
        #expect(batches.allSatisfy { $0.reset == nil })
        #expect(batches.flatMap(\.changes).filter { $0.component == nil }.map(\.entity).sorted() == entities.sorted())
        #expect(shown(client).isEmpty)
        #expect(client.takeErrors().map(\.code) == [.connectionLost])
    }

    @Test func inAnotherLifeTheyMeanNobody() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Position(x: 1))
        joined.tick()
        let client = try joined.connect()
        client.subscribe(of: [entity, Entity(index: 7, generation: 3)])
        joined.tick()
        try joined.restart(with: World())
        for _ in 0..<10 {
            joined.tick()
            joined.passTime(.seconds(1))
        }
        #expect(client.revision.epoch == joined.revision.epoch)
        #expect(shown(client).isEmpty)
        #expect(client.takeErrors().map(\.code).contains(.unknownEntity))
    }
}
