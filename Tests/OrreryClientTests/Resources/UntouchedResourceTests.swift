import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryTesting
import Testing

@Suite("Nothing touches a resource but a query of that resource")
struct UntouchedResourceTests {
    private let joined: JoinedWorld
    /// At row 0, where columns of resources have their value.
    private let first: Entity
    private let client: JoinedClient

    init() throws {
        joined = try JoinedWorld.withResources()
        first = joined.world.spawn(Position(x: 1))
        joined.world.insertResource(Score(points: 3, leader: first, mean: .nan))
        joined.world.insertResource(Motto(text: "find me"))
        joined.tick()
        client = try joined.connect()
    }

    private func entities(_ text: String, for entities: [Entity]? = nil) throws -> [Entity] {
        let query = try joined.run { try await client.connection.query(QueryText(text), for: entities) }
        defer { query.cancel() }
        joined.tick()
        #expect(client.contents.entities[.none] == nil, "no resource came with \(text)")
        return query.entities
    }

    private func error(_ text: String) -> String? {
        let error = #expect(throws: ClientError.self) {
            try joined.run { try await client.connection.query(QueryText(text)) }
        }
        return error?.query?.expected
    }

    @Test func noTermAndNoConditionSeesIt() throws {
        #expect(first.index == 0)
        #expect(try entities("*") == [first])
        #expect(try entities("* where ~ \"find\"") == [])
        #expect(try entities("* where is nan") == [])
        #expect(try entities("* where refers to \(first)") == [])
        #expect(try entities("*", for: [first]) == [first])
        #expect(try entities("", for: [first]) == [first])
        #expect(try entities("\(first), *") == [first])
        #expect(try entities("*, !Position") == [])
    }

    @Test func theNameOfAResourceIsNoComponent() {
        #expect(error("Score") == "a component: 'Score' is a resource, write resource Score")
        #expect(error("Position, !Score")?.contains("'Score' is a resource") == true)
        #expect(error("Position where Score.points = 3")?.contains("'Score' is a resource") == true)
        #expect(error("* where has Score")?.contains("'Score' is a resource") == true)
        #expect(error("resource Position") == "a resource: 'Position' is a component of entities")
        #expect(error("resource Score where entity = \(first)") != nil)
    }

    @Test func allComponentsOfAllEntitiesAreNoResources() throws {
        let all = try joined.run { try await client.connection.subscribeToAll() }
        defer { withExtendedLifetime(all) {} }
        #expect(client.contents.entities.keys.sorted() == [first])
        let before = client.receivedByteCount
        joined.world.insertResource(Score(points: 4))
        joined.tick()
        #expect(client.receivedByteCount == before)
    }

    @Test func listsOfComponentsDoNotHaveIt() throws {
        let view = try joined.run { try await client.connection.view(ofResource: Score.self) }
        let positions = try joined.run { try await client.connection.view(of: Position.self) }
        #expect(client.connection.components.map(\.name) == ["Position"])
        #expect(client.connection.resources.map(\.name) == ["Score", "Motto"])
        client.connection.withSnapshot { now in
            #expect(now.components.map(\.name) == ["Position"])
            #expect(now.entities(with: client.connection.resources) == [])
            #expect(now.entities(with: now.components) == [first] && now[first, Score.self] == nil)
        }
        #expect(view.value != nil && positions.entities == [first])
    }

    @Test func theEntityAtItsRowComesAndGoesWithoutIt() throws {
        let all = try joined.run { try await client.connection.subscribeToAll() }
        let score = try joined.run { try await client.connection.view(ofResource: Score.self) }
        let high = try joined.run { try await client.connection.query("resource Score where Score.points > 2") }
        let here = try joined.run { try await client.connection.query("Position where Position.x > 0") }
        try joined.world.despawn(first)
        joined.tick()
        #expect(score.value?.points == 3 && high.value(of: Score.self)?.points == 3 && here.entities.isEmpty)
        let second = joined.world.spawn(Position(x: 2))
        #expect(second.index == 0)
        joined.tick()
        #expect(here.entities == [second])
        joined.world.removeResource(Score.self)
        joined.tick()
        #expect(score.value == nil && high.value(of: Score.self) == nil && here.entities == [second])
        #expect(client.contents.entities.keys.sorted() == [second])
        withExtendedLifetime(all) {}
    }

    @Test func itLeavesWithTheLastQueryOfIt() throws {
        let all = try joined.run { try await client.connection.subscribeToAll() }
        let score = try joined.run { try await client.connection.view(ofResource: Score.self) }
        let low = try joined.run { try await client.connection.query("resource Score where Score.points < 9") }
        score.cancel()
        joined.tick()
        #expect(low.value(of: Score.self)?.points == 3, "the other query shows it still")
        low.cancel()
        joined.tick()
        #expect(client.contents.entities.keys.sorted() == [first])
        withExtendedLifetime(all) {}
    }
}
