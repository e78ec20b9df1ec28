import Foundation
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Testing

@testable import OrreryClient

/// Queries with types instead of names: the same queries, with typed rows.
@Suite(.timeLimit(.minutes(1))) struct TypedQueryTests {
    struct Body: Component, Codable, Equatable { var name = "", moons: [String] = [] }
    struct Position: Component, Equatable { var x = 0.0, y = 0.0, z = 0.0 }
    struct Health: Component, Equatable { var current: Int32 = 100, maximum: Int32 = 100 }
    struct Frozen: Component {}
    /// What a client of another version thinks that a Health is.
    enum Other {
        struct Health: Component, Codable { var current = "" }
    }

    private let joined: JoinedWorld
    private let (mars, mariner, sun): (Entity, Entity, Entity)

    init() throws {
        joined = try JoinedWorld { sync in
            try sync.register(Body.self)
            try sync.register(Position.self)
            try sync.register(Health.self)
            try sync.register(Frozen.self)
        }
        let world = joined.world
        mars = world.spawn(
            Body(name: "Mars", moons: ["Phobos", "Deimos"]), Position(x: 10), Health(current: 30))
        mariner = world.spawn(Body(name: "Mariner 9"), Position(y: 3, z: 4), Health(current: 80))
        sun = world.spawn(Body(name: "Sun"), Position(), Frozen())
        joined.tick()
    }

    @Test func theExamplesOfThePage() throws {
        let (limit, text, line) = (50, "mar", "Health where not Body.name ~ \"mars\"")
        try joined.run {
            let connection = try joined.connect().connection
            // begin
            let hurt = try await connection.query("Health where Health.current < \(limit) and Body.name ~ \(text)")
            let some = try await connection.query("\(Health.self), Body? where entity in \([mars, mariner])")
            let asked = try await connection.query(QueryText(line))  // what a person typed, as it is
            // end
            #expect(hurt.entities == [mars] && some.entities == [mars, mariner] && asked.entities == [mariner])
            // begin
            let near = try await connection.query(
                Health.self, Position.self, optional: Body.self, without: Frozen.self,
                where: \Health.current < 50 && length(of: \Position.self) < 100)
            for (entity, health, position) in near.rows { print(entity, health.current, position.x) }
            // end
            #expect(near.entities == [mars] && near.live.values(of: Body.self).map(\.value.name) == ["Mars"])
        }
        let page = try ExamplePage("docs/QUERIES.md", tests: #filePath)
        let crowd = try ["World/CrowdWorld", "Client/CrowdClient"].map {
            try String(contentsOf: page.root.appending(path: "Examples/Crowd/\($0).swift"), encoding: .utf8)
        }.joined()
        for example in page.unknown {
            for line in example.split(separator: "\n") { #expect(crowd.contains(line), "\(line)") }
        }
    }

    @Test func rowsHaveTheValuesOfOneTick() throws {
        try joined.run {
            let query = try await joined.connect().connection.query(Body.self, Position.self)
            #expect(query.rows.map { $0.0 } == [mars, mariner, sun])
            #expect(query.rows.map { $0.1.name } == ["Mars", "Mariner 9", "Sun"])
            #expect(query.rows.map { $0.2 } == [Position(x: 10), Position(y: 3, z: 4), Position()])
            var batches = query.batches.makeAsyncIterator()
            #expect(try await batches.next()?.joined == [mars, mariner, sun])
            try joined.world.set(Position(x: 11), on: mars)
            try joined.world.remove(Body.self, from: sun)
            var batch = try #require(try await batches.next())
            while batch.left.isEmpty { batch = try #require(try await batches.next()) }
            #expect(batch.left == [sun] && batch.changes(of: Position.self).compactMap(\.new?.x) == [11])
            #expect(query.rows.map { $0.2.x } == [11, 0])
        }
    }

    @Test func itIsTheTextThatItStandsFor() throws {
        try joined.run {
            let connection = try joined.connect().connection
            let all = try await connection.query()
            #expect(all.live.text == "*" && all.entities == [mars, mariner, sun])
            let some = try await connection.query(where: .has(Frozen.self), for: [mars, sun])
            #expect(some.live.text == "* where has Frozen" && some.entities == [sun])
            let without = try await connection.query(without: Frozen.self, Health.self)
            #expect(without.live.text == "*, !Frozen, !Health" && without.entities.isEmpty)
            let bar = try await connection.query(anyOf: Health.self, Frozen.self, with: Body.self)
            #expect(bar.live.text == "Health | Frozen, with Body" && bar.entities == [mars, mariner, sun])
            let full = try await connection.query(
                Body.self, Position.self, anyOf: Health.self, Frozen.self, optional: Health.self, with: Position.self,
                without: Frozen.self, where: \Health.current > 50)
            #expect(
                full.live.text == "Body, Position, Health | Frozen, with Position, Health?, !Frozen "
                    + "where `Health`.current > 50")
            #expect(full.rows.map { $0.0 } == [mariner])
        }
    }

    @Test func anotherConditionTakesThePlaceOfTheFirst() throws {
        try joined.run {
            let query = try await joined.connect().connection.query(Health.self, where: \Health.current < 50)
            #expect(query.entities == [mars])
            try await query.replace(where: \Health.current > 50)
            #expect(query.entities == [mariner] && query.rows.map { $0.1.current } == [80])
            try await query.replace(where: nil, for: [mars])
            #expect(query.entities == [mars] && query.live.text == "Health")
            query.cancel()
            #expect(query.live.end?.code == .closed)
        }
    }

    @Test func whatCannotBeAskedIsAnErrorAndLeavesNothing() throws {
        try joined.run {
            let connection = try joined.connect().connection
            let unknown = await #expect(throws: ClientError.self) {
                try await connection.query(Body.self, where: \Body.moons.count < 5)
            }
            #expect(unknown?.code == .query && unknown?.query?.kind == .unknownField)
            #expect(unknown?.query?.column == 12 && unknown?.message.contains("a stored property of Body") == true)
            #expect(unknown?.message.hasSuffix(" in: Body where … < …") == true, "\(unknown?.message ?? "")")
            let none: Int? = nil
            let missing = await #expect(throws: ClientError.self) {
                try await connection.query("Health where Health.current = \(none)")
            }
            #expect(missing?.code == .query && missing?.query?.column == 31)
            #expect(missing?.message.contains("write is nil") == true, "\(missing?.message ?? "")")
            let unfit = await #expect(throws: ClientError.self) { try await connection.query(Other.Health.self) }
            #expect(unfit?.code == .component)
            let query = try await connection.query(Health.self)
            let nan = await #expect(throws: ClientError.self) { try await query.replace(where: \Position.x == .nan) }
            #expect(nan?.message.hasSuffix(" in: Health where `Position`.x = …") == true, "\(nan?.message ?? "")")
            #expect(query.live.end == nil && query.live.text == "Health")
            #expect(connection.session.interestCount == 1)
        }
    }

    @Test func itEndsWhenItsTypeNoLongerFits() throws {
        var isFirstLife = true
        let joined = try JoinedWorld { sync in
            if isFirstLife { try sync.register(Health.self) } else { try sync.register(Other.Health.self) }
            isFirstLife = false
        }
        joined.tick()
        let client = try joined.connect()
        let query = try joined.run { try await client.connection.query(Health.self) }
        try joined.restart(with: World())
        for _ in 0..<100 where query.live.end == nil {
            joined.tick()
            joined.passTime(.milliseconds(100))
        }
        #expect(query.live.end?.code == .component)
    }
}
