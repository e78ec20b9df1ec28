import OrreryECS
import OrrerySchema
import OrreryServer
import OrrerySync
import OrreryTesting
import OrreryWire
import Testing
import simulate

@testable import OrreryClient

/// Who does nothing but follow the changes has what the client shows, after every batch; and each says why it came.
@Suite struct CompleteChangesTests {
    private func makeJoined(_ configuration: SimulationConfiguration = .init()) throws -> JoinedWorld {
        try JoinedWorld(configuration: configuration) { sync in
            try sync.register(Position.self)
            try sync.register(Health.self)
            try sync.register(Frozen.self)
        }
    }

    /// Time for a client to come back.
    private func away(_ joined: JoinedWorld) {
        for _ in 0..<5 {
            joined.tick()
            joined.passTime(.seconds(1))
        }
    }

    private func words(_ changes: [Change]) -> [String] {
        changes.map { "\($0.cause) \($0.component ?? "itself")" }
    }

    private func expectComplete(
        _ batches: [AppliedBatch], _ client: JoinedClient, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var mirror = ChangeMirror()
        for batch in batches { #expect(mirror.follow(batch) == [], sourceLocation: sourceLocation) }
        #expect(mirror.difference(from: client.contents) == [], sourceLocation: sourceLocation)
    }

    // MARK: Causes

    @Test func whatASubscriptionBeginsToShowHasEntered() throws {
        let joined = try makeJoined()
        joined.world.spawn(Position(x: 1))
        joined.tick()
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        let changes = client.takeBatches().flatMap(\.changes)
        #expect(words(changes) == ["entered itself", "entered Position"])
        #expect(changes.allSatisfy { $0.old == nil } && changes[1].new != nil)
        // A second subscription: the entity is known, the component is not.
        joined.world.spawn(Health())
        let other = try joined.connect()
        other.subscribe(["Position"])
        joined.tick()
        other.subscribe(["Health", "Position"])
        joined.tick()
        #expect(
            words(other.takeBatches().flatMap(\.changes)) == [
                "entered itself", "entered Position", "entered itself", "entered Health",
            ])
    }

    @Test func whatHappensInTheWorldSaysWhatHappened() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        func happens(_ change: (World) throws -> Void) throws -> [String] {
            _ = client.takeBatches()
            try change(joined.world)
            joined.tick()
            return words(client.takeBatches().flatMap(\.changes))
        }
        var ship = Entity.none
        #expect(try happens { ship = $0.spawn(Position(x: 1)) } == ["spawned itself", "set Position"])
        #expect(try happens { try $0.set(Position(x: 2), on: ship) } == ["set Position"])
        #expect(try happens { try $0.insert(Health(), on: ship) } == ["set Health"])
        #expect(try happens { _ = try $0.remove(Position.self, from: ship) } == ["removed Position"])
        #expect(try happens { _ = try $0.remove(Health.self, from: ship) } == ["removed Health"])
        #expect(try happens { try $0.insert(Frozen(), on: ship) } == ["set Frozen"])
        #expect(try happens { try $0.despawn(ship) } == ["despawned Frozen", "despawned itself"])
    }

    @Test func anEntityComesAndGoesWithItsComponentsWhereNobodyAsksForIt() throws {
        let joined = try makeJoined()
        let ship = joined.world.spawn(Health())
        joined.tick()
        let client = try joined.connect()
        client.subscribe(["Position"])
        joined.tick()
        #expect(client.takeBatches().flatMap(\.changes).isEmpty)
        try joined.world.insert(Position(), on: ship)
        joined.tick()
        #expect(words(client.takeBatches().flatMap(\.changes)) == ["entered itself", "set Position"])
        _ = try joined.world.remove(Position.self, from: ship)
        joined.tick()
        #expect(words(client.takeBatches().flatMap(\.changes)) == ["removed Position", "left itself"])
    }

    @Test func eachChangeOfAValueHasTheOneBeforeAndTheOneAfter() throws {
        let joined = try makeJoined()
        let ship = joined.world.spawn(Health(current: 1))
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        for current in 2...5 as ClosedRange<Int32> {
            try joined.world.set(Health(current: current), on: ship)
            joined.tick()
        }
        try joined.world.despawn(ship)
        joined.tick()
        let changes = client.takeBatches().flatMap(\.changes).filter { $0.component == "Health" }
        func current(_ bytes: ArraySlice<UInt8>?) -> UInt8? { bytes?.first }
        #expect(changes.map { current($0.old) } == [nil, 1, 2, 3, 4, 5])
        #expect(changes.map { current($0.new) } == [1, 2, 3, 4, 5, nil])
        #expect(changes.allSatisfy { $0.schema?.name == "Health" })
    }

    @Test(.bug(id: "d10", "what left with a subscription was in no list of changes"))
    func whatASubscriptionTakesAlongHasLeft() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        client.subscribe(["Position"])
        let health = try #require(client.subscribe(["Health"]))
        joined.world.spawn(Position(), Health())
        let alone = joined.world.spawn(Health())
        joined.tick()
        var batches = client.takeBatches()
        client.unsubscribe(health)
        joined.deliver()
        let end = client.takeBatches()
        #expect(end.map(\.tick) == [client.tick] && end.map(\.base) == [client.tick], "it is no step of the world")
        #expect(words(end.flatMap(\.changes)) == ["left Health", "left Health", "left itself"])
        #expect(end.flatMap(\.changes).last?.entity == alone)
        batches += end
        for _ in 0..<3 { joined.tick() }
        expectComplete(batches + client.takeBatches(), client)
    }

    @Test(arguments: 0..<8)
    func whateverEndsLeavesAMirrorThatIsRight(end: Int) throws {
        let joined = try makeJoined()
        let entities = (0..<6).map { joined.world.spawn(Position(x: Float($0)), Health()) }
        let bare = joined.world.spawn()
        joined.tick()
        let client = try joined.connect()
        let ids = [
            client.subscribe(), client.subscribe(["Position"]), client.subscribe(["Health", "Frozen"]),
            client.subscribe(of: entities[2]), client.subscribe(["Frozen"], of: [bare, entities[1]]),
        ].compactMap { $0 }
        joined.tick()
        var batches = client.takeBatches()
        // In another order in each case, and the last one over a lost connection.
        for step in 0..<ids.count {
            client.unsubscribe(ids[(step + end) * 3 % ids.count])
            if end > 4, step == 2 { client.cut() }
            if end.isMultiple(of: 2) { try? joined.world.set(Position(x: Float(10 * step)), on: entities[step]) }
            joined.tick()
            joined.passTime(.seconds(1))
            batches += client.takeBatches()
            expectComplete(batches, client)
        }
        away(joined)
        batches += client.takeBatches()
        expectComplete(batches, client)
        #expect(client.contents.entities.isEmpty)
    }

    @Test(.bug(id: "d07", "a second cancel dropped the parts of another subscription's first state"))
    func aSecondCancelDoesNothing() throws {
        var configuration = SimulationConfiguration()
        configuration.sync.limits.partSizeMax = 4096
        configuration.sync.wholeSizeMax = 8192
        configuration.sync.catchUpSizePerTick = 8192
        let joined = try makeJoined(configuration)
        try joined.world.spawn(count: 10_000, Position(x: 1))
        let client = try joined.connect()
        let first = try #require(client.subscribe(["Frozen"]))
        for _ in 0..<3 { joined.tick() }
        client.unsubscribe(first)
        joined.tick()
        client.subscribe(["Position"])
        for _ in 0..<3 { joined.tick() }
        let staged = try #require(client.occupancies.first { $0.name.hasPrefix("staged") })
        #expect(staged.count > 0, "its first state is under way")
        let answers = Errors()
        client.session.unsubscribe(first) { _ in answers.append(ClientError(.closed, "answered")) }
        #expect(answers.all.count == 1, "it is over: nobody has to be asked")
        for _ in 0..<30 { joined.tick() }
        #expect(client.takeErrors() == [])
        #expect(client.contents.entities.count == 10_000)
        // One that never was is over as well.
        client.unsubscribe(SubscriptionID(99))
        joined.tick()
        #expect(client.takeErrors() == [])
    }

    // MARK: Lives of the world

    @Test(.bug(id: "d01", "who merged batches over a restart lost the new life's value"), arguments: [1, 2, 64])
    func whoReadsSlowlyOverARestartHasWhatIsShown(countMax: Int) throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        let old = joined.world.spawn(Position(x: 1))
        joined.tick()
        let next = World()
        let new = next.spawn(Position(x: 2))
        #expect(old == new, "the same index and generation, in another life")
        try joined.restart(with: next)
        away(joined)
        let batches = client.takeBatches()
        expectComplete(batches, client)
        var waiting = WaitingBatches(countMax: countMax)
        for batch in batches { waiting.append(batch) }
        expectComplete(waiting.batches, client)
        let changes = waiting.batches.flatMap(\.changes)
        #expect(
            words(changes) == [
                "spawned itself", "set Position", "reset Position", "reset itself", "entered itself",
                "entered Position",
            ])
        #expect(waiting.batches.compactMap(\.reset) == [.otherEpoch])
    }

    @Test(.bug(id: "d01b", "a merged batch named components beyond its schemas"))
    func eachChangeNamesTheSchemaOfItsOwnLife() async throws {
        var lifeCount = 0
        let joined = try JoinedWorld { sync in
            lifeCount += 1
            if lifeCount == 1 { try sync.register(Health.self) }
            try sync.register(Position.self)
        }
        let client = try joined.connect()
        client.subscribe()
        joined.world.spawn(Position(x: 1), Health())
        joined.tick()
        let batches = BatchSequence(client.session, nil)
        let next = World()
        next.spawn(Position(x: 2))
        try joined.restart(with: next)
        away(joined)
        #expect(client.contents == joined.contents)
        var iterator = batches.makeAsyncIterator()
        var changes: [Change] = []
        let connection = ClientConnection(url: "test", session: client.session)
        var typed: [Float?] = []
        while changes.last?.new == nil || typed.last != 2 {
            let batch = try #require(try await iterator.next())
            changes += batch.changes
            typed += batch.changes(of: Position.self).map { $0.new?.x }
        }
        connection.close()
        for change in changes {
            #expect(change.schema?.name == change.component)
            guard let schema = change.schema, let bytes = change.new ?? change.old else { continue }
            #expect(throws: Never.self) { try DynamicValue(decoding: Array(bytes), as: schema.type) }
        }
        #expect(typed == [1, nil, 2])
        let old = changes.filter { $0.component == "Health" }
        #expect(old.map(\.cause) == [.entered, .reset])
    }

    @Test func theStoreStaysTheSameOverEveryLife() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        client.subscribe()
        joined.world.spawn(Position(x: 1))
        joined.tick()
        let store = client.session.withCore { $0.store }
        for number in 0..<3 {
            let next = World()
            for _ in 0...number { next.spawn(Position(x: 2)) }
            try joined.restart(with: next)
            away(joined)
            #expect(client.session.withCore { $0.store } === store)
            #expect(client.contents == joined.contents && client.contents.entities.count == number + 1)
        }
    }

    // MARK: Beginning to read

    /// A mirror that began late, fed with all that waits for it.
    private func read(_ batches: BatchSequence, while client: JoinedClient) async throws -> ChangeMirror {
        var mirror = ChangeMirror()
        var iterator = batches.makeAsyncIterator()
        repeat {
            let batch = try #require(try await iterator.next())
            #expect(mirror.follow(batch.applied) == [])
        } while !mirror.difference(from: client.contents).isEmpty
        return mirror
    }

    @Test(.timeLimit(.minutes(1))) func aSequenceBeginsWithWhatIsShown() async throws {
        let joined = try makeJoined()
        let entities = (0..<5).map { joined.world.spawn(Position(x: Float($0)), Health()) }
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        try joined.world.set(Position(x: 9), on: entities[0])
        joined.tick()
        let batches = BatchSequence(client.session, nil)
        var iterator = batches.makeAsyncIterator()
        let first = try #require(try await iterator.next())
        #expect(first.tick == client.tick && first.epoch == Epoch(1) && first.reset == nil)
        #expect(first.changes.allSatisfy { $0.cause == .entered && $0.old == nil })
        #expect(first.changes.count == 15)
        var mirror = ChangeMirror()
        #expect(mirror.follow(first.applied) == [])
        #expect(mirror.difference(from: client.contents) == [])
        // And goes on from there.
        try joined.world.despawn(entities[1])
        joined.tick()
        let second = try #require(try await iterator.next())
        #expect(second.base == first.tick)
        #expect(mirror.follow(second.applied) == [])
        #expect(mirror.difference(from: client.contents) == [])
    }

    @Test(.timeLimit(.minutes(1))) func anyMomentWillDoToBegin() async throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        // Nothing asked for, asked for, shown, void after a restart, shown again, cancelled.
        var sequences = [BatchSequence(client.session, nil)]
        let id = try #require(client.subscribe())
        sequences.append(BatchSequence(client.session, nil))
        joined.world.spawn(Position(x: 1))
        joined.tick()
        sequences.append(BatchSequence(client.session, nil))
        let next = World()
        next.spawn(Position(x: 2), Health())
        try joined.restart(with: next)
        client.link.toServer.delay = .milliseconds(200)
        for _ in 0..<100 where !client.session.withCore(\.isShowingVoidState) { joined.passTime(.milliseconds(50)) }
        #expect(client.session.withCore(\.isShowingVoidState))
        sequences.append(BatchSequence(client.session, nil))
        client.link = LinkCondition()
        away(joined)
        sequences.append(BatchSequence(client.session, nil))
        #expect(client.contents == joined.contents && client.contents.entities.count == 1)
        for sequence in sequences { _ = try await read(sequence, while: client) }
        sequences = [BatchSequence(client.session, nil)]
        client.unsubscribe(id)
        joined.tick()
        sequences.append(BatchSequence(client.session, nil))
        #expect(client.contents.entities.isEmpty)
        for sequence in sequences { _ = try await read(sequence, while: client) }
    }
}
