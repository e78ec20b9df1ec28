import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Testing

@Suite("A client is told of a resource like of a component, and of no entity for it")
struct ResourceViewTests {
    @Test func aViewHasTheValueItsChangesAndItsRemoval() throws {
        let joined = try JoinedWorld.withResources()
        joined.tick()
        let connection = try joined.connect().connection
        let score = try joined.run { try await connection.view(ofResource: Score.self) }
        let motto = try joined.run { try await connection.view(ofResource: Motto.self) }
        #expect(score.value == nil && motto.value == nil && !score.isStale)
        joined.world.insertResource(Score(points: 3))
        joined.world.insertResource(Motto(text: "early"))
        joined.tick()
        #expect(score.value == Score(points: 3) && motto.value == Motto(text: "early"))
        try joined.world.withResource(Score.self) { $0.points = 4 }
        try joined.world.withResource(Motto.self) { $0.text += " bird" }
        joined.tick()
        #expect(score.value == Score(points: 4) && motto.value == Motto(text: "early bird"))
        connection.withSnapshot { now in
            #expect(now[resource: Score.self] == Score(points: 4))
            #expect(now.components(of: .none).map(\.name) == ["Score", "Motto"])
            #expect(now.entities.isEmpty && now.entityCount == 0)
        }
        joined.world.removeResource(Score.self)
        joined.tick()
        #expect(score.value == nil && motto.value != nil)
    }

    @Test func batchesHaveEachChangeWithItsCause() throws {
        let joined = try JoinedWorld.withResources()
        joined.world.insertResource(Score(points: 1))
        joined.tick()
        let connection = try joined.connect().connection
        let view = try joined.run { try await connection.view(ofResource: Score.self) }
        let query = try joined.run { try await connection.query("resource Score") }
        for batches in [view.batches, query.batches] {
            var seen: [String] = []
            try joined.run {
                var iterator = batches.makeAsyncIterator()
                for change in [nil, 2, 2, 3] as [Int32?] {
                    if let change { joined.world.insertResource(Score(points: change)) }
                    if change == 3 { joined.world.removeResource(Score.self) }
                    if change != nil { joined.tick() }
                    let batch = try #require(await iterator.next())
                    #expect(batch.joined.isEmpty && batch.left.isEmpty)
                    #expect(batch.changes.allSatisfy { $0.entity == .none && $0.component == "Score" })
                    seen += batch.changes(of: Score.self).map {
                        "\($0.cause) \($0.old?.points ?? -1) \($0.new?.points ?? -1)"
                    }
                }
            }
            #expect(seen == ["entered -1 1", "set 1 2", "removed 2 -1"])
            joined.world.insertResource(Score(points: 1))
            joined.tick()
        }
    }

    @Test func aTypeIsRegisteredAsOneOfBoth() {
        let error = #expect(throws: SchemaError.self) {
            try JoinedWorld { sync in
                try sync.register(resource: Score.self)
                try sync.register(Score.self)
            }
        }
        #expect(error?.description.contains("registered twice") == true)
    }

    @Test func oneThatComesAgainIsSet() throws {
        let joined = try JoinedWorld.withResources()
        joined.tick()
        let connection = try joined.connect().connection
        let query = try joined.run { try await connection.query("resource Motto") }
        joined.world.insertResource(Motto(text: "a"))
        let batches = query.batches
        joined.tick()
        let causes = try joined.run {
            var iterator = batches.makeAsyncIterator()
            _ = try await iterator.next()
            return try await iterator.next()?.changes(of: Motto.self).map(\.cause)
        }
        #expect(causes == [.set])
    }

    @Test func aWriteOfTheSameValueIsNotSent() throws {
        let joined = try JoinedWorld.withResources()
        joined.world.insertResource(Score(points: 3))
        joined.world.insertResource(Motto(text: "x"))
        joined.tick()
        let client = try joined.connect()
        client.query("resource Score")
        client.query("resource Motto")
        joined.tick()
        let before = client.receivedByteCount
        joined.world.insertResource(Score(points: 3))
        joined.world.insertResource(Motto(text: "x"))
        joined.tick()
        #expect(client.receivedByteCount == before)
    }

    @Test func aConditionShowsItWhileItHolds() throws {
        let joined = try JoinedWorld.withResources()
        joined.world.insertResource(Score(points: 9))
        joined.tick()
        let connection = try joined.connect().connection
        let high = try joined.run { try await connection.query("resource Score where Score.points > 5") }
        #expect(high.value(of: Score.self) == Score(points: 9) && high.entities.isEmpty)
        var seen: [String] = []
        let batches = high.batches
        for points in [3, 8, 9] as [Int32] {
            try joined.world.withResource(Score.self) { $0.points = points }
            joined.tick()
            #expect(high.value(of: Score.self)?.points == (points > 5 ? points : nil))
        }
        joined.world.removeResource(Score.self)
        joined.tick()
        #expect(high.value(of: Score.self) == nil)
        try joined.run {
            var iterator = batches.makeAsyncIterator()
            for _ in 0..<5 {
                let batch = try #require(await iterator.next())
                #expect(batch.joined.isEmpty && batch.left.isEmpty)
                seen += batch.changes.map { "\($0.cause) \($0.entity) \($0.component ?? "")" }
            }
        }
        #expect(
            seen == [
                "entered - Score", "left - Score", "entered - Score", "set - Score", "left - Score",
            ])
    }

    @Test func aQueryMayBeReplacedByOneOfAResource() throws {
        let joined = try JoinedWorld.withResources()
        // At the row of resources.
        let first = joined.world.spawn(Position(x: 1))
        #expect(first.index == 0)
        joined.world.insertResource(Score(points: 9))
        joined.tick()
        let connection = try joined.connect().connection
        let query = try joined.run { try await connection.query("Position where Position.x > 0") }
        #expect(query.entities == [first])
        let batches = query.batches
        try joined.run { try await query.replace(with: "resource Score where Score.points > 5") }
        #expect(query.entities.isEmpty && query.value(of: Score.self)?.points == 9)
        try joined.run { try await query.replace(with: "resource Score") }
        try joined.run {
            var iterator = batches.makeAsyncIterator()
            let parts = [
                try await iterator.next(), try await iterator.next(), try await iterator.next(),
            ].compactMap(\.self)
            let changes = parts.flatMap(\.changes)
            #expect(parts.flatMap(\.left) == [first] && parts.flatMap(\.joined) == [first])
            #expect(changes.count { $0.entity == .none } == 1, "what both show is not told again")
        }
        #expect(connection.withSnapshot { $0.entityCount } == 0)
    }

    @Test func aLostConnectionGoesOn() throws {
        let joined = try JoinedWorld.withResources()
        joined.world.insertResource(Score(points: 9))
        joined.world.insertResource(Motto(text: "before"))
        joined.tick()
        let client = try joined.connect()
        let score = try joined.run { try await client.connection.view(ofResource: Score.self) }
        let high = try joined.run { try await client.connection.query("resource Score where Score.points > 5") }
        let motto = try joined.run { try await client.connection.view(ofResource: Motto.self) }
        client.cut()
        try joined.world.withResource(Score.self) { $0.points = 2 }
        joined.world.removeResource(Motto.self)
        joined.tick()
        #expect(score.value?.points == 9 && score.isStale)
        for _ in 0..<50 where score.isStale { joined.passTime(.milliseconds(100)) }
        joined.tick()
        #expect(score.value?.points == 2 && high.value(of: Score.self) == nil && motto.value == nil)
        #expect(client.contents.entities == [.none: joined.contents.entities[.none, default: [:]]])
    }

    @Test func anotherLifeBeginsAnew() throws {
        let joined = try JoinedWorld.withResources()
        joined.world.insertResource(Score(points: 9))
        joined.tick()
        let client = try joined.connect()
        let score = try joined.run { try await client.connection.view(ofResource: Score.self) }
        let high = try joined.run { try await client.connection.query("resource Score where Score.points > 5") }
        let batches = high.batches
        let world = World()
        world.insertResource(Score(points: 6))
        try joined.restart(with: world)
        for _ in 0..<50 where score.isStale {
            joined.passTime(.milliseconds(100))
            joined.tick()
        }
        #expect(score.value?.points == 6 && high.value(of: Score.self)?.points == 6)
        var changes: [String] = []
        try joined.run {
            for try await batch in batches {
                changes += batch.changes.map { "\($0.cause) \($0.entity) \($0.component ?? "itself")" }
                if changes.count >= 3 { break }
            }
        }
        #expect(changes == ["entered - Score", "reset - Score", "entered - Score"])
    }
}
