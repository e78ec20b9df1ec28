import OrreryECS
import OrrerySchema
import OrreryServer
import OrrerySync
import OrreryTesting
import OrreryTransport
import OrreryWebSocket
import OrreryWire
import Testing

@testable import OrreryClient

/// Settings that contradict one another are found when a server is made, and named; what follows from a setting follows
/// it.
@Suite struct SettingsTests {
    private struct Parts: Component, Codable { var parts: [String] = [] }

    private func makeJoined(
        world: World = World(), _ configure: (inout SimulationConfiguration) -> Void
    ) throws -> JoinedWorld {
        var configuration = SimulationConfiguration()
        configure(&configuration)
        return try JoinedWorld(world: world, configuration: configuration) { sync in
            try sync.register(Position.self)
            try sync.register(Parts.self)
        }
    }

    private func expectRefused(
        _ words: String..., world: World = World(), sourceLocation: SourceLocation = #_sourceLocation,
        _ configure: (inout SimulationConfiguration) -> Void
    ) {
        let error = #expect(throws: ServerError.self, sourceLocation: sourceLocation) {
            try makeJoined(world: world, configure)
        }
        for word in words {
            #expect(error?.message.contains(word) == true, "\(error?.message ?? "")", sourceLocation: sourceLocation)
        }
    }

    // MARK: What is derived

    @Test(.bug(id: "d04", "the step did not follow a tick rate that was set later"))
    func theStepFollowsTheTickRate() {
        var configuration = SimulationConfiguration()
        #expect(configuration.step == TickRate.hertz(60).period)
        configuration.tickRate = .hertz(30)
        #expect(configuration.step == TickRate.hertz(30).period)
        // Unless it is stated, before or after.
        configuration.step = .milliseconds(5)
        configuration.tickRate = .hertz(10)
        #expect(configuration.step == .milliseconds(5))
        var stated = SimulationConfiguration(tickRate: .hertz(10), step: .seconds(1))
        stated.tickRate = .hertz(20)
        #expect(stated.step == .seconds(1))
    }

    @Test func whatClientsAreToldFollowsTheSettings() throws {
        let joined = try makeJoined { configuration in
            configuration.tickRate = .hertz(30)
            configuration.sync.clientMessageSizeMax = 1001
            configuration.sync.limits.messageSizeMax = 1_000_002
            configuration.sync.limits.valueSizeMax = 100_003
            configuration.sync.limits.reasonSizeMax = 104
            configuration.sync.windowSize = 100_005
            configuration.sync.windowTickCount = 6
            configuration.sync.pendingMutationMax = 7
            configuration.sync.limits.subscriptionCountMax = 8
            configuration.sync.limits.queryEntityCountMax = 9
            configuration.sync.limits.mutationPartCountMax = 10
        }
        let welcome = try #require(try joined.connect().session.withCore(\.welcome))
        #expect(welcome.ticksPer1000Seconds == 30_000)
        var told = ServerLimits()
        told.clientMessageSizeMax = 1001
        told.messageSizeMax = 1_000_002
        told.valueSizeMax = 100_003
        told.reasonSizeMax = 104
        told.windowSize = 100_005
        told.windowTickCount = 6
        told.pendingMutationMax = 7
        told.subscriptionCountMax = 8
        told.queryEntityCountMax = 9
        told.mutationPartCountMax = 10
        #expect(welcome.limits == told)
    }

    @Test func theTransportHasTheSizesOfTheSessions() {
        var configuration = SimulationConfiguration()
        configuration.sync.clientMessageSizeMax = 1001
        configuration.sync.limits.messageSizeMax = 1002
        #expect(configuration.transportLimits.messageSizeMax == 1001)
        #expect(configuration.transportLimits.sentMessageSizeMax == 1002)
    }

    // MARK: What is refused

    @Test(.bug(id: "d21", "parts that are larger than messages ended the process"))
    func partsFitIntoMessages() throws {
        expectRefused("sync.limits.partSizeMax, 4194304", "sync.limits.messageSizeMax, 1048576") {
            $0.sync.limits.partSizeMax = 4 << 20
        }
        expectRefused("partSizeMax", "messageSizeMax, 300000") { configuration in
            configuration.sync.limits.messageSizeMax = 300_000
            configuration.sync.limits.valueSizeMax = 100_000
        }
        // The largest that fits does fit.
        let world = World()
        try world.spawn(count: 100_000, Position())
        let joined = try makeJoined(world: world) { $0.sync.limits.partSizeMax = (1 << 20) - 128 }
        let client = try joined.connect()
        client.subscribe()
        for _ in 0..<3 { joined.tick() }
        #expect(client.end == nil)
        #expect(client.contents.entities.count == 100_000)
    }

    @Test(.bug(id: "d21b", "values that are larger than messages ended the process"))
    func valuesFitIntoMessages() throws {
        expectRefused("sync.limits.valueSizeMax, 4194304", "sync.limits.messageSizeMax, 1048576") {
            $0.sync.limits.valueSizeMax = 4 << 20
        }
        // With the reason of a refusal.
        expectRefused("valueSizeMax", "reasonSizeMax", "messageSizeMax") {
            $0.sync.limits.valueSizeMax = (1 << 20) - 128
        }
        let sizeMax = (1 << 20) - 128 - 1024
        var taken = ClientConfiguration()
        taken.sync.limits.valueSizeMax = sizeMax
        let world = World()
        // As long as may be: four strings, each with its length, and their number.
        let rest = sizeMax - 1 - 4 * 3 - 3 * 200_000
        let lengths = [200_000, 200_000, 200_000, min(rest, 262_144)]
        world.spawn(Parts(parts: lengths.map { String(repeating: "x", count: $0) }))
        let joined = try makeJoined(world: world) { $0.sync.limits.valueSizeMax = sizeMax }
        let client = try joined.connect(configuration: taken)
        client.subscribe()
        for _ in 0..<3 { joined.tick() }
        #expect(client.end == nil && client.takeErrors().isEmpty)
        #expect(client.contents == joined.contents)
        #expect(client.contents.entities.values.first?["Parts"] != nil)
    }

    @Test func valuesOfFixedSizeAreValues() {
        expectRefused("sync.limits.schema.fixedSizeMax, 16384", "sync.limits.valueSizeMax, 16383") {
            $0.sync.limits.valueSizeMax = 16_383
        }
    }

    @Test func aMessageFitsIntoWhatMayWaitForAConnection() {
        expectRefused("sync.limits.messageSizeMax, 1048576", "transport.pendingByteCountMax, 1048575") {
            $0.transport.pendingByteCountMax = (1 << 20) - 1
        }
    }

    @Test(.bug(id: "d03", "a world of more entities than clients take ended the clients"))
    func aWorldHoldsNoMoreEntitiesThanClientsTake() throws {
        expectRefused(
            "World(entityCountMax:), 16777216", "65536 indexes", "sync.limits.entityIndexMax, 4194304",
            world: World(entityCountMax: 16_777_216)
        ) { _ in }
        expectRefused("World(entityCountMax:), 65", "entityIndexMax, 65600", world: World(entityCountMax: 65)) {
            $0.sync.limits.entityIndexMax = 65_600
        }
        // The default is the most that the defaults take.
        #expect(World().entityCountMax == Int(WireLimits().entityIndexMax) - 65_536)
        // All that it holds is shown.
        let world = World(entityCountMax: 64)
        let entities = (0..<64).map { _ in world.spawn(Position()) }
        #expect(throws: WorldError.self) { try world.trySpawn(Position()) }
        var taken = ClientConfiguration()
        taken.sync.limits.entityIndexMax = 65_600
        let joined = try makeJoined(world: world) { $0.sync.limits.entityIndexMax = 65_600 }
        let client = try joined.connect(configuration: taken)
        client.subscribe()
        joined.tick()
        #expect(client.contents.entities.keys.sorted() == entities.sorted())
        #expect(client.end == nil)
    }

    @Test func rowsAreCountedInBytes() {
        expectRefused("sync.limits.entityIndexMax, 4194308", "multiple of", "8") {
            $0.sync.limits.entityIndexMax = 4_194_308
        }
    }

    @Test func heartbeatsComeBeforeTheSilenceThatTheyPrevent() {
        expectRefused("sync.heartbeatInterval", "must be shorter than sync.silenceTimeout") {
            $0.sync.heartbeatInterval = .seconds(15)
        }
        expectRefused("sync.heartbeatInterval", "1.0 seconds", "0.5 seconds") {
            $0.sync.silenceTimeout = .milliseconds(500)
        }
    }

    private static let counts: [(String, @Sendable (inout SimulationConfiguration) -> Void)] = [
        ("sync.clientMessageSizeMax", { $0.sync.clientMessageSizeMax = 0 }),
        ("sync.windowSize", { $0.sync.windowSize = 0 }),
        ("sync.windowTickCount", { $0.sync.windowTickCount = 0 }),
        ("sync.catchUpSizePerTick", { $0.sync.catchUpSizePerTick = 0 }),
        ("sync.wholeSizeMax", { $0.sync.wholeSizeMax = -1 }), ("sync.mutationRateMax", { $0.sync.mutationRateMax = 0 }),
        ("sync.pendingMutationMax", { $0.sync.pendingMutationMax = 0 }),
        ("sync.requestRateMax", { $0.sync.requestRateMax = 0 }),
        ("sync.queryRowCountMax", { $0.sync.queryRowCountMax = 0 }),
        ("sync.queryAnswerSizeMax", { $0.sync.queryAnswerSizeMax = 0 }),
        ("sync.waitingQueryMax", { $0.sync.waitingQueryMax = 0 }),
        ("sync.clientCountMax", { $0.sync.clientCountMax = 0 }),
        ("sync.limits.partSizeMax", { $0.sync.limits.partSizeMax = 0 }),
        ("sync.limits.subscriptionCountMax", { $0.sync.limits.subscriptionCountMax = 0 }),
        ("waitingMutationMax", { $0.waitingMutationMax = 0 }), ("waitingWorkMax", { $0.waitingWorkMax = 0 }),
    ]

    @Test(arguments: 0..<counts.count)
    func whatIsCountedIsMoreThanNothing(position: Int) {
        expectRefused("\(Self.counts[position].0), ", "must be more than nothing") { Self.counts[position].1(&$0) }
    }

    /// A server that cannot be made holds no port.
    @Test func theAddressIsNotOpenedForSettingsThatAreRefused() throws {
        let first = try SimulationServer(world: World(), schedule: Schedule(), transport: .webSocket(port: 0)) { _ in }
        let port = try #require(first.url.split(separator: ":").last.flatMap { Int($0) })
        // The port is taken: whoever looked at it first would say so.
        var configuration = SimulationConfiguration()
        configuration.sync.limits.partSizeMax = 4 << 20
        #expect(throws: ServerError.self) {
            try SimulationServer(
                world: World(), schedule: Schedule(), configuration: configuration, transport: .webSocket(port: port)
            ) { _ in }
        }
        withExtendedLifetime(first) {}
    }
}
