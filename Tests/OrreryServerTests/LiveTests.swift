import Dispatch
import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrrerySync
import OrreryTesting
import OrreryTransport
import OrreryWebSocket
import Testing

/// A server on its own threads, and clients on theirs.
@Suite(.timeLimit(.minutes(1)))
struct LiveTests {
    @Test(arguments: Way.allCases)
    func aClientSeesTheWorldAndWhatHappensInIt(over way: Way) async throws {
        try await LiveWorld.run(over: way) { live in
            let (ship, rock) = try await live.server.perform { world in
                (world.spawn(Position(x: 1), Health(), Label(text: "ship")), world.spawn(Position(x: 2), Frozen()))
            }
            try await live.client.withConnection { connection in
                let everything = try await connection.subscribeToAll()
                defer { everything.cancel() }
                #expect(connection.components.map(\.name) == ["Position", "Health", "Label", "Frozen"])
                try connection.withSnapshot { snapshot in
                    #expect(snapshot.entities == [ship, rock])
                    #expect(snapshot.components(of: rock).map(\.name) == ["Position", "Frozen"])
                    let label = try snapshot.value(of: "Label", of: ship)
                    #expect(label?["text"] == .string("ship"))
                }
                try await live.server.perform { world in
                    try world.set(Health(current: 7), on: ship)
                    _ = try world.remove(Frozen.self, from: rock)
                    try world.insert(Label(text: "rock"), on: rock)
                }
                try await connection.until { try $0.value(of: "Health", of: ship)?["current"] == .signed(7) }
                connection.withSnapshot { #expect($0.components(of: rock).map(\.name) == ["Position", "Label"]) }
                try await live.server.perform { world in try world.despawn(ship) }
                try await connection.until { !$0.contains(ship) }
                connection.withSnapshot { #expect($0.entities == [rock]) }
            }
        }
    }

    @Test(arguments: Way.allCases)
    func viewsReadTypedValuesLazily(over way: Way) async throws {
        try await LiveWorld.run(over: way) { live in
            let entity = try await live.server.perform { $0.spawn(Position(x: 1), Label(text: "one")) }
            try await live.client.withConnection { connection in
                let positions = try await connection.view(of: Position.self)
                let labels = try await connection.view(of: Label.self)
                let again = try await connection.view(of: Label.self)
                #expect(labels.decodeCount == 0)
                #expect(positions[entity] == Position(x: 1))
                for _ in 0..<10 { #expect(labels[entity] == Label(text: "one")) }
                #expect(labels.decodeCount == 1)
                #expect(positions.decodeCount == 0)
                #expect(again[entity] == Label(text: "one"))
                try await live.server.perform { try $0.set(Label(text: "two"), on: entity) }
                try await connection.until { _ in labels[entity] == Label(text: "two") }
                #expect(labels.decodeCount == 2)
                #expect(labels.entities == [entity])
                #expect(positions.values.map(\.value) == [Position(x: 1)])
            }
        }
    }

    @Test(arguments: Way.allCases)
    func batchesComeOnceAndInOrder(over way: Way) async throws {
        var schedule = Schedule()
        schedule.add("move", in: .update, Write<Position>.self) { query, _ in query.forEach { $0.x += 1 } }
        let world = World()
        for _ in 0..<100 { world.spawn(Position()) }
        try await LiveWorld.run(over: way, tickRate: 200, world: world, schedule: schedule) { live in
            try await live.client.withConnection { connection in
                let positions = try await connection.view(of: Position.self)
                var last: Tick?
                var count = 0
                for try await batch in positions.batches {
                    if let last { #expect(batch.base == last) }
                    last = batch.tick
                    let changes = batch.changes(of: Position.self)
                    #expect(changes.count == 100)
                    #expect(changes.allSatisfy { $0.new?.x == Float(batch.tick.rawValue) })
                    #expect(changes.allSatisfy { $0.cause == (count == 0 ? .entered : .set) })
                    if count > 0 { #expect(changes.allSatisfy { $0.old?.x == Float(batch.base.rawValue) }) }
                    count += 1
                    if count == 50 { break }
                }
            }
        }
    }

    @Test(arguments: Way.allCases)
    func aSlowReaderGetsMergedTicksAndTheRightEnd(over way: Way) async throws {
        var schedule = Schedule()
        schedule.add("move", in: .update, Write<Position>.self) { query, _ in query.forEach { $0.x += 1 } }
        let world = World()
        for _ in 0..<2000 { world.spawn(Position()) }
        let configure = { (configuration: inout SimulationConfiguration) in configuration.sync.windowSize = 100_000 }
        try await LiveWorld.run(over: way, tickRate: 200, configure: configure, world: world, schedule: schedule) {
            live in
            try await live.client.withConnection { connection in
                let gate = DispatchSemaphore(value: 0)
                let counts = BatchCounts()
                let subscription = try await connection.subscribe(anyOf: Position.self)
                defer { subscription.cancel() }
                let observer = connection.session.addObserver { result in
                    guard case .success(let batch) = result else { return }
                    // The first batch after what is shown holds the loop up: nothing is read from here on.
                    if counts.add(batch) == 2 { gate.wait() }
                }
                while counts.count < 2 { _ = try await live.server.perform { $0.tick } }
                let stalledAt = try await live.server.perform { $0.tick }
                while try await live.server.perform({ $0.tick }) < Tick(stalledAt.rawValue + 300) {}
                gate.signal()
                let goal = try await live.server.perform { $0.tick }
                // Not before the observer has seen it: it is told after the state is there.
                try await connection.until { _ in counts.lastTick >= goal }
                connection.session.leave(observer: observer)
                // A window of 100 kB holds four ticks of 25 kB: of 300, all others were merged.
                #expect(counts.longestStep > 200)
                #expect(counts.areConsecutive)
                // Everything moves by one each tick, so a state of one tick, and of the right one, is known by sight.
                try connection.withSnapshot { snapshot in
                    for entity in snapshot.entities {
                        let x = try snapshot.value(of: "Position", of: entity)?["x"]
                        #expect(x == .float(Float(snapshot.tick.rawValue)))
                    }
                }
            }
        }
    }

    @Test(arguments: Way.allCases)
    func aServerThatStopsSaysSo(over way: Way) async throws {
        var connection: ClientConnection?
        var everything: Subscription?
        try await LiveWorld.run(over: way) { live in
            connection = try await live.client.connect()
            everything = try await connection?.subscribeToAll()
        }
        for batches in [try #require(connection).batches, try #require(everything).batches] {
            let error = await #expect(throws: ClientError.self) { for try await _ in batches {} }
            #expect(error?.code == .serverStopped)
        }
        #expect(everything?.end?.code == .serverStopped)
    }

    @Test(arguments: Way.allCases)
    func whatIsNotThereIsNamed(over way: Way) async throws {
        try await LiveWorld.run(over: way) { live in
            try await live.client.withConnection { connection in
                let unknown = await #expect(throws: ClientError.self) {
                    try await connection.subscribe(anyOf: ["Position", "Mass"])
                }
                #expect(unknown?.message.contains("'Mass'; it has: Frozen, Health, Label, Position") == true)
                let dead = Entity(index: 99, generation: 1)
                let error = await #expect(throws: ClientError.self) {
                    try await connection.view(of: Position.self, for: dead)
                }
                #expect(error?.code == .unknownEntity)
                struct Mass: Component { var kilograms = 0.0 }
                let missing = await #expect(throws: ClientError.self) { try await connection.view(of: Mass.self) }
                #expect(missing?.code == .component)
            }
        }
    }

    @Test func aTakenPortIsAClearError() async throws {
        try await LiveWorld.run(over: .webSocket) { live in
            let port = try #require(live.server.url.split(separator: ":").last.flatMap { Int($0) })
            let error = #expect(throws: TransportError.self) {
                try SimulationServer(world: World(), schedule: Schedule(), transport: .webSocket(port: port)) { _ in }
            }
            #expect(error?.code == .addressInUse)
            #expect(error?.message.contains("\(port)") == true)
        }
    }

    @Test func nobodyThereIsAClearError() async throws {
        let client = SimulationClient(url: "ws://127.0.0.1:9", transport: .webSocket)
        let error = await #expect(throws: ClientError.self) { try await client.connect() }
        #expect(error?.code == .cannotConnect)
        #expect(error?.message.contains("127.0.0.1:9") == true)
    }

    @Test func cancellingTheTaskStopsTheServer() async throws {
        let server = try SimulationServer(world: World(), schedule: Schedule(), transport: .webSocket(port: 0)) { _ in }
        let task = Task { try await server.run() }
        task.cancel()
        try await task.value
        await #expect(throws: ServerError.self) { try await server.perform { _ in } }
    }

    @Test func aPausedSimulationRunsTheTicksThatItIsAskedFor() async throws {
        let world = World()
        let entity = world.spawn(Health(current: 0))
        var schedule = Schedule()
        schedule.add("count", in: .update, Write<Health>.self) { query, _ in query.forEach { $0.current += 1 } }
        try await LiveWorld.run(over: .memory, world: world, schedule: schedule) { live in
            try await live.client.withConnection { connection in
                let healths = try await connection.view(of: Health.self)
                live.server.step(1000)
                // The tick that begins with this still runs.
                let before = try await live.server.perform { world in
                    live.server.pause()
                    return world[entity, Health.self]?.current ?? 0
                }
                #expect(live.server.isPaused)
                live.server.step()
                live.server.step(2)
                try await connection.until { _ in healths[entity]?.current == before + 4 }
                // Ten ticks' time shows that it stands still.
                let clock = ContinuousClock()
                let looksUntil = clock.now + .milliseconds(100)
                while clock.now < looksUntil {
                    #expect(healths[entity]?.current == before + 4)
                    await Task.yield()
                }
                live.server.resume()
                #expect(!live.server.isPaused)
                try await connection.until { _ in (healths[entity]?.current).map { $0 > before + 10 } ?? false }
            }
        }
    }

    /// The last tick before a pause is shown, also if the thread that serves clients had no time to take it.
    @Test func whatWasNotTakenInATickComesInThePauseAfterIt() throws {
        let joined = try JoinedWorld { sync in try sync.register(Health.self) }
        let entity = joined.world.spawn(Health(current: 1))
        joined.tick()
        let client = try joined.connect()
        client.subscribe(["Health"], of: [entity])
        joined.tick()
        joined.runTick()
        try joined.world.set(Health(current: 2), on: entity)
        joined.runTick()
        joined.deliver()
        #expect(joined.serverTick < joined.world.tick)
        joined.passTime(.milliseconds(50))
        #expect(joined.serverTick == joined.world.tick && client.tick == joined.world.tick)
    }

    @Test(.bug(id: "d06", "cancelled subscribes use up the limit"))
    func subscriptionsThatNobodyWaitsForAnyMoreAreEnded() async throws {
        try await LiveWorld.run(over: .memory) { live in
            try await live.client.withConnection { connection in
                for _ in 0..<64 {
                    let waiting = Task { _ = try await connection.subscribe(anyOf: Health.self) }
                    waiting.cancel()
                    _ = await waiting.result
                }
                var isGranted = false
                for _ in 0..<50 where !isGranted {
                    isGranted = (try? await connection.subscribe(anyOf: Health.self)) != nil
                    try await live.server.perform { _ in }
                }
                #expect(isGranted, "no subscription within 50 ticks")
            }
        }
    }
}
