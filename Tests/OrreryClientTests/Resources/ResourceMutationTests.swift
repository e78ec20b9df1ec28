import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryTesting
import Testing

@Suite("Clients write a resource by the rules and with the outcomes of components")
struct ResourceMutationTests {
    private let joined: JoinedWorld
    private let client: JoinedClient
    private let score: ResourceView<Score>

    init() throws {
        let joined = try JoinedWorld.withResources()
        joined.tick()
        let client = try joined.connect()
        score = try joined.run { try await client.connection.view(ofResource: Score.self) }
        (self.joined, self.client) = (joined, client)
    }

    private func apply(_ mutation: ClientMutation) throws {
        _ = try joined.run { try await client.connection.enqueue(mutation).outcome }
    }

    private func refusal(_ mutation: ClientMutation) -> ClientError? {
        #expect(throws: ClientError.self) { try apply(mutation) }
    }

    @Test func insertSetPatchAndRemove() throws {
        try apply(.insert(resource: Score(points: 1)))
        #expect(score.value == Score(points: 1), "it is there with the answer")
        try apply(.set(resource: Score(points: 2, best: 8)))
        #expect(joined.world.resource(Score.self) == Score(points: 2, best: 8))
        try apply(.set(resource: Score(points: 3), expecting: Score(points: 2, best: 8)))
        try apply(
            .patch(resource: Score.self) {
                $0.set(\.points, to: 4, expecting: 3)
                $0.set(\.mean, to: 1.5)
            })
        #expect(joined.world.resource(Score.self) == Score(points: 4, mean: 1.5))
        #expect(score.value == Score(points: 4, mean: 1.5))
        try apply(.remove(resource: Score.self))
        #expect(joined.world.resource(Score.self) == nil && score.value == nil)
    }

    @Test func withoutTypes() throws {
        try apply(.insert("Score", on: .none, [(["points"], .signed(5))]))
        #expect(joined.world.resource(Score.self) == Score(points: 5))
        try apply(.set("Score", on: .none, [(["best"], .signed(6))]))
        #expect(joined.world.resource(Score.self) == Score(points: 5, best: 6))
        #expect(try client.connection.withSnapshot { try $0.value(of: "Score", of: .none) }?["best"] == .signed(6))
        try apply(.remove("Score", from: .none))
        #expect(joined.world.resource(Score.self) == nil)
    }

    @Test func refusals() throws {
        #expect(refusal(.set(resource: Score(points: 1)))?.code == .component)
        #expect(refusal(.remove(resource: Score.self))?.code == .component)
        try apply(.insert(resource: Score(points: 1)))
        let failed = refusal(.patch(resource: Score.self) { $0.set(\.points, to: 2, expecting: 9) })
        #expect(failed?.code == .compareFailed)
        let forbidden = refusal(.set(resource: Score(points: 101)))
        #expect(forbidden?.code == .forbidden)
        #expect(forbidden?.message.contains("rule of Score: more than 100, the best is 7") == true)
        #expect(refusal(.insert(resource: Motto(text: "x")))?.code == .notWritable)
        #expect(joined.world.resource(Score.self) == Score(points: 1) && joined.world.resource(Motto.self) == nil)
    }

    @Test func aResourceIsNamedByNoEntityAndAComponentByOne() throws {
        let entity = joined.world.spawn(Position())
        joined.world.insertResource(Score(points: 1))
        joined.tick()
        let mistake = refusal(.set(Score(points: 2), on: entity))
        #expect(mistake?.code == .component)
        #expect(mistake?.message.contains("Score is a resource, which no entity has") == true)
        #expect(refusal(.remove(Score.self, from: entity))?.code == .component)
        #expect(refusal(.insert(Score(), on: entity))?.code == .component)
        #expect(refusal(.patch(entity, Score.self) { $0.set(\.points, to: 2) })?.code == .component)
        #expect(refusal(.spawn(Position(), Score()))?.code == .component)
        #expect(refusal(.set(Position(x: 1), on: .none))?.code == .unknownEntity)
        #expect(refusal(.insert(Position(x: 1), on: .none))?.code == .unknownEntity)
        #expect(refusal(.remove(Position.self, from: .none))?.code == .unknownEntity)
        #expect(joined.world.resource(Score.self) == Score(points: 1) && joined.world.entityCount == 1)
    }

    @Test func aMutationTakesEffectOnceThoughTheConnectionIsLost() throws {
        try apply(.insert(resource: Score(points: 1)))
        let handles = (2...5).map { points in
            client.connection.enqueue(
                .patch(resource: Score.self) { $0.set(\.points, to: points, expecting: points - 1) })
        }
        // The server may have heard of them; it is asked again.
        joined.runTick()
        client.cut()
        for _ in 0..<50 where score.isStale { joined.passTime(.milliseconds(100)) }
        for handle in handles { _ = try joined.run { try await handle.outcome } }
        #expect(joined.world.resource(Score.self) == Score(points: 5) && score.value == Score(points: 5))
    }
}
