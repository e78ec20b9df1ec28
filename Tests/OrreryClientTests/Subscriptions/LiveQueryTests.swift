import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Testing

@testable import OrreryClient

/// A query of a client: who matches, who joins and leaves, and what is shown of them; nothing else travels.
@Suite(.timeLimit(.minutes(1))) struct LiveQueryTests {
    private func makeJoined() throws -> JoinedWorld {
        try JoinedWorld { sync in
            try sync.register(Position.self)
            try sync.register(Health.self)
        }
    }

    private static let hurt: QueryText = "Health, Position? where Health.current < 50"

    @Test func itTellsWhoMatchesAndWhoJoinsAndLeaves() throws {
        let joined = try makeJoined()
        let world = joined.world
        let (well, ill) = (world.spawn(Health(current: 80)), world.spawn(Health(current: 10), Position(x: 3)))
        joined.tick()
        try joined.run {
            let connection = try joined.connect().connection
            let query = try await connection.query(Self.hurt)
            #expect(query.entities == [ill])
            #expect(query.values(of: Health.self).map(\.value.current) == [10])
            #expect(query.values(of: Position.self).map(\.value.x) == [3])
            var batches = query.batches.makeAsyncIterator()
            let first = try #require(try await batches.next())
            #expect(first.joined == [ill] && first.left.isEmpty)
            #expect(first.changes(of: Position.self).map(\.cause) == [.entered])
            // One joins, with all that it has; the other leaves.
            try world.set(Health(current: 20), on: well)
            try world.set(Health(current: 90), on: ill)
            var batch = try #require(try await batches.next())
            while batch.joined.isEmpty { batch = try #require(try await batches.next()) }
            #expect(batch.joined == [well] && batch.left == [ill])
            #expect(batch.changes(of: Health.self).map(\.cause) == [.left, .entered])
            #expect(batch.changes(of: Health.self).map(\.old?.current) == [10, nil])
            #expect(query.entities == [well])
            // A death is told as one.
            try world.despawn(well)
            batch = try #require(try await batches.next())
            while batch.left.isEmpty { batch = try #require(try await batches.next()) }
            #expect(batch.left == [well] && batch.changes.map(\.cause) == [.despawned, .despawned])
            #expect(query.entities.isEmpty)
        }
    }

    /// The order of the members is the client's; who is in the window is the server's.
    @Test func aWindowIsShownInItsOrder() throws {
        let joined = try makeJoined()
        let world = joined.world
        let entities = (0..<100).map { world.spawn(Health(current: Int32(($0 * 37) % 100)), Position(x: Float($0))) }
        func entity(_ current: Int) -> Entity { entities[(0..<100).first { ($0 * 37) % 100 == current }!] }
        joined.tick()
        try joined.run {
            let connection = try joined.connect().connection
            let top = try await connection.query("Position order by Health.current desc limit 3 offset 1")
            #expect(top.entities == [entity(98), entity(97), entity(96)] && top.total == 100)
            // What only the order reads is there, and not shown.
            #expect(top.values(of: Position.self).count == 3 && top.values(of: Health.self).isEmpty)
            var batches = top.batches.makeAsyncIterator()
            let first = try #require(try await batches.next())
            #expect(Set(first.joined) == Set(top.entities) && first.changes(of: Health.self).isEmpty)
            // One overtakes: another is pushed out, without having changed.
            try world.set(Health(current: 1000), on: entity(5))
            var batch = try #require(try await batches.next())
            while batch.joined.isEmpty { batch = try #require(try await batches.next()) }
            #expect(batch.joined == [entity(99)] && batch.left == [entity(96)])
            #expect(top.entities == [entity(99), entity(98), entity(97)])
            // They change places.
            try world.set(Health(current: 500), on: entity(97))
            while top.entities != [entity(97), entity(99), entity(98)] { _ = try await batches.next() }
            try world.despawn(entity(99))
            while top.total != 99 { _ = try await batches.next() }
            #expect(top.entities == [entity(97), entity(98), entity(96)])
            let count = try await connection.query("Health where Health.current < 50 count")
            #expect(count.entities.isEmpty && count.total == 49)
            let typed = try await connection.query(
                Health.self, where: \Health.current < 50, orderedBy: .descending(\Health.current), limit: 2)
            #expect(typed.live.text == "Health where `Health`.current < 50 order by `Health`.current desc limit 2")
            #expect(typed.rows.map(\.1.current) == [49, 48] && typed.total == 49)
            try await typed.replace(orderedBy: .ascending(\Health.current), limit: 3, offset: 1)
            #expect(typed.rows.map(\.1.current) == [1, 2, 3] && typed.total == 99)
            let once = try await connection.rows("Position order by Health.current limit 2 from \(entity(3))")
            #expect(once.entities == [entity(3), entity(4)] && once.total == 99)
            #expect(once[entity(3), Health.self] == nil && once[entity(3), Position.self] != nil)
        }
    }

    @Test func nothingTravelsOfWhatDoesNotMatch() throws {
        let joined = try makeJoined()
        let entities = (0..<1000).map { joined.world.spawn(Health(current: Int32($0 % 100)), Position(x: Float($0))) }
        joined.tick()
        let client = try joined.connect()
        let id = try #require(client.query("Position where Health.current < 1"))
        joined.tick()
        #expect(client.contents.entities.count == 10)
        #expect(client.contents.entities.values.allSatisfy { $0.keys.sorted() == ["Position"] })
        let before = client.receivedByteCount
        for entity in entities where entity.index % 100 > 0 { try joined.world.set(Position(x: -1), on: entity) }
        joined.tick()
        #expect(client.receivedByteCount == before, "nobody of them is a member")
        try joined.world.set(Position(x: -1), on: entities[0])
        joined.tick()
        // A head of a batch, and one row of one component.
        #expect(client.receivedByteCount - before < 40)
        client.unsubscribe(id)
        joined.tick()
        #expect(client.contents.entities.isEmpty)
    }

    @Test func aTextThatIsWrongSaysWhere() throws {
        let joined = try makeJoined()
        joined.tick()
        try joined.run {
            let connection = try joined.connect().connection
            let error = await #expect(throws: ClientError.self) {
                try await connection.query("Health where Health.curent < 50")
            }
            #expect(error?.code == .query && error?.phase == .subscribe)
            #expect(error?.query?.kind == .unknownField && error?.query?.column == 21)
            #expect(error?.query?.nearest == "current")
            #expect(error?.message.contains("did you mean 'current'?") == true, "\(error?.message ?? "")")
            #expect(connection.session.interestCount == 0)
        }
    }

    @Test func whoAsksForTheSameHasItToo() throws {
        let joined = try makeJoined()
        let ship = joined.world.spawn(Health(current: 1))
        joined.tick()
        try joined.run {
            let connection = try joined.connect().connection
            let first = try await connection.query(Self.hurt)
            let second = try await connection.query("Position?, Health where 50 > Health.current")
            #expect(first.entities == [ship] && second.entities == [ship])
            first.cancel()
            try joined.world.set(Health(current: 2), on: ship)
            for try await batch in second.batches
            where batch.changes(of: Health.self).contains(where: { $0.new?.current == 2 }) { break }
            #expect(second.values(of: Health.self).map(\.value.current) == [2])
            #expect(first.end?.code == .closed && second.end == nil)
        }
    }

    @Test func itGoesOnInAnotherLifeOfTheWorld() throws {
        let joined = try makeJoined()
        _ = joined.world.spawn(Health(current: 1))
        joined.tick()
        try joined.run(ticksMax: 2000) {
            let query = try await joined.connect().connection.query(Self.hurt)
            var batches = query.batches.makeAsyncIterator()
            #expect(try await batches.next()?.joined.count == 1)
            let next = World()
            let other = next.spawn(Position(), Health(current: 3))
            try joined.restart(with: next)
            var batch = try #require(try await batches.next())
            while batch.reset == nil { batch = try #require(try await batches.next()) }
            #expect(batch.left.count == 1 && batch.joined == [other])
            #expect(query.entities == [other])
        }
    }

    @Test func aListOfTheDeadIsRefused() throws {
        let joined = try makeJoined()
        let ship = joined.world.spawn(Health(current: 1))
        joined.tick()
        try joined.run {
            let connection = try joined.connect().connection
            let query = try await connection.query("Health", for: [ship, Entity(index: 77, generation: 1)])
            #expect(query.entities == [ship])
            #expect(try await connection.query("", for: [ship]).entities == [ship])
            let error = await #expect(throws: ClientError.self) {
                try await connection.query("Health", for: [Entity(index: 77, generation: 1)])
            }
            #expect(error?.code == .unknownEntity)
        }
    }

    @Test func whatIsReleasedOrCancelledLeavesNothing() throws {
        let joined = try makeJoined()
        _ = joined.world.spawn(Health(current: 1))
        let client = try joined.connect()
        joined.tick()
        try joined.run {
            for number in 0..<100 {
                let query = try await client.connection.query("Health where Health.current < \(number)")
                if number % 2 == 0 { query.cancel() }
            }
        }
        joined.tick()
        #expect(client.session.interestCount == 0)
        #expect(joined.sessionStates.map(\.subscriptionCount) == [0])
        #expect(client.contents.entities.isEmpty)
    }

    @Test func anotherQueryTakesItsPlaceAtOneMoment() throws {
        let joined = try makeJoined()
        let entities = (0..<1000).map { joined.world.spawn(Health(current: Int32($0)), Position(x: Float($0))) }
        joined.tick()
        let client = try joined.connect()
        try joined.run {
            let query = try await client.connection.query("Health where Health.current < 500")
            var batches = query.batches.makeAsyncIterator()
            #expect(try await batches.next()?.joined.count == 500)
            let before = client.receivedByteCount
            try await query.replace(with: "Health, Position? where Health.current in 10..509")
            #expect(query.text.hasSuffix("10..509"))
            #expect(query.entities == Array(entities[10...509]))
            var batch = try #require(try await batches.next())
            while batch.joined.isEmpty { batch = try #require(try await batches.next()) }
            #expect(batch.joined == Array(entities[500...509]) && batch.left == Array(entities[..<10]))
            // Who stays is told with what was not shown before, and with nothing else.
            #expect(batch.changes(of: Health.self).count == 20)
            #expect(batch.changes(of: Position.self).count == 500)
            // Five hundred generations and values of Position: the values of Health are here already, but for ten.
            #expect(client.receivedByteCount - before < 500 * 16 + 1000, "\(client.receivedByteCount - before) bytes")
            // A text that is wrong leaves the query as it is.
            await #expect(throws: ClientError.self) { try await query.replace(with: "Helth") }
            #expect(query.end == nil && query.entities.count == 500)
            query.cancel()
            #expect(query.end?.code == .closed)
        }
        joined.tick()
        #expect(client.session.interestCount == 0 && client.contents.entities.isEmpty)
    }

    /// Who has the same query as somebody else does not notice that the other one asks for something else.
    @Test func whoHasTheSameQueryKeepsIt() throws {
        let joined = try makeJoined()
        let entities = (0..<10).map { joined.world.spawn(Health(current: Int32($0))) }
        joined.tick()
        let client = try joined.connect()
        let last = try joined.run {
            let text: QueryText = "Health where Health.current < 5"
            let (query, same) = (try await client.connection.query(text), try await client.connection.query(text))
            var (batches, others) = (query.batches.makeAsyncIterator(), same.batches.makeAsyncIterator())
            #expect(try await self.movement(&batches) == [[], Array(entities[..<5])])
            #expect(try await self.movement(&others) == [[], Array(entities[..<5])])
            try await query.replace(with: "Health where Health.current < 3")
            #expect(try await self.movement(&batches) == [Array(entities[3..<5]), []])
            #expect(query.entities == Array(entities[..<3]) && same.entities == Array(entities[..<5]))
            // To the query that the other one still has, and away from it.
            try await query.replace(with: text)
            #expect(try await self.movement(&batches) == [[], Array(entities[3..<5])])
            same.cancel()
            #expect(query.entities == Array(entities[..<5]) && query.end == nil)
            try await query.replace(with: "Health where Health.current = 9")
            #expect(try await self.movement(&batches) == [Array(entities[..<5]), [entities[9]]])
            return query
        }
        joined.tick()
        #expect(joined.sessionStates.map(\.subscriptionCount) == [1])
        #expect(client.contents.entities.keys.sorted() == [entities[9]] && last.entities == [entities[9]])
    }

    /// Who left and who joined in the next batch in which somebody did.
    private func movement(_ batches: inout BatchSequence.Iterator) async throws -> [[Entity]] {
        while let batch = try await batches.next() {
            if !batch.left.isEmpty || !batch.joined.isEmpty { return [batch.left, batch.joined] }
        }
        return []
    }

    /// As while a filter is being typed: one is under way, and of those that come meanwhile only the newest is sent.
    @Test func onlyTheNewestWaits() throws {
        let joined = try makeJoined()
        let entities = (0..<10).map { joined.world.spawn(Health(current: Int32($0))) }
        joined.tick()
        let client = try joined.connect()
        let last = try joined.run {
            let query = try await client.connection.query("Health")
            func replace(_ limit: Int) async -> ClientError.Code? {
                do throws(ClientError) {
                    try await query.replace(with: "Health where Health.current < \(limit)")
                    return nil
                } catch {
                    return error.code
                }
            }
            let codes = await withTaskGroup(of: (Int, ClientError.Code?).self) { group in
                for limit in 1...5 { group.addTask { (limit, await replace(limit)) } }
                return await group.reduce(into: [:]) { $0[$1.0] = .some($1.1) }
            }
            let made = codes.filter { $0.value == nil }.keys
            #expect(codes.values.allSatisfy { $0 == nil || $0 == .superseded }, "\(codes)")
            #expect(made.count == 2, "the first and the newest of the others: \(codes)")
            #expect(made.contains { query.entities == Array(entities[..<$0]) })
            // One that is under way finishes. Who does not wait any more does not keep the others from their turn.
            let last = await withTaskGroup(of: ClientError.Code?.self) { group in
                for limit in 6...7 { group.addTask { await replace(limit) } }
                group.cancelAll()
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(last.contains(nil) && last.contains(.cancelled), "\(last)")
            #expect(await replace(8) == nil)
            #expect(query.entities == Array(entities[..<8]))
            return query
        }
        #expect(joined.sessionStates.map(\.subscriptionCount) == [1] && last.end == nil)
    }

    @Test func whoIsVerifiedWhileItIsReplacedIsVerifiedAfterwards() throws {
        let joined = try makeJoined()
        joined.world.spawn(Health(current: 1), Position(x: 3))
        joined.tick()
        try joined.run {
            let query = try await joined.connect().connection.query(Self.hurt)
            // The next one has to wait for a second.
            try await query.verify()
            async let verified = query.verify()
            try await query.replace(with: "Position where Position.x < 49")
            let tick = try await verified
            #expect(tick > .zero && query.end == nil)
        }
    }

    @Test func whatIsCancelledWhileItIsReplacedSaysSo() throws {
        let joined = try makeJoined()
        joined.tick()
        try joined.run {
            let query = try await joined.connect().connection.query(Self.hurt)
            async let replaced: Void = query.replace(with: "Position where Position.x < 49")
            await Task.yield()
            query.cancel()
            var code: ClientError.Code?
            do { try await replaced } catch { code = (error as? ClientError)?.code }
            #expect(code == .closed && query.end?.code == .closed)
        }
    }

    /// An index that no entity of the server can have would end the connection, if it were sent.
    @Test(arguments: [4_194_304, 99_999_999] as [UInt32]) func nobodyNamesWhoCannotLive(index: UInt32) throws {
        let joined = try makeJoined()
        let ill = joined.world.spawn(Health(current: 10))
        joined.tick()
        try joined.run {
            let connection = try joined.connect(delivering: false).connection
            let far = Entity(index: index, generation: 1)
            // Before the server has said what it takes, and after that.
            for _ in 0..<2 {
                #expect(try await connection.rows("Health", for: [far, ill]).entities == [ill])
                #expect(try await connection.query("Health", for: [ill, far]).entities == [ill])
                let error = await #expect(throws: ClientError.self) { try await connection.query("", for: [far]) }
                #expect(error?.code == .unknownEntity)
            }
            #expect(connection.status.state == .connected)
        }
    }
}
