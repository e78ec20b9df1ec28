import FuzzInput
import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import OrreryTransport

struct Position: Component { var x: Float = 0, y: Float = 0, z: Float = 0 }
struct Health: Component { var current: Int32 = 100, maximum: Int32 = 100 }
struct Label: Component, Codable {
    var text = ""
    var tags: Set<Int32> = []
    var notes: [String: [Double]] = [:]
}
enum Mode: UInt8, CaseIterable { case idle, busy }
struct State: Component { var mode = Mode.idle, isOn = false }
struct Frozen: Component {}

/// A server with a world, in which something moves, what clients may write, and little room.
private func makeJoined() throws -> JoinedWorld {
    var configuration = SimulationConfiguration(tickRate: .hertz(30))
    configuration.sync.windowSize = 2000
    configuration.sync.windowTickCount = 4
    configuration.sync.wholeSizeMax = 1500
    configuration.sync.catchUpSizePerTick = 3000
    configuration.sync.pendingMutationMax = 8
    configuration.sync.limits.subscriptionCountMax = 6
    configuration.transport.pendingByteCountMax = 1 << 20
    var schedule = Schedule()
    schedule.add("move", in: .update, Write<Position>.self) { query, _ in query.forEach { $0.x += 1 } }
    let world = World()
    for number in 0..<40 {
        let entity = world.spawn(Position())
        if number % 2 == 0 { try world.insert(Health(), on: entity) }
        if number % 3 == 0 { try world.insert(Label(text: "entity \(number)", tags: [1, 2]), on: entity) }
        if number % 5 == 0 { try world.insert(State(), on: entity) }
    }
    return try JoinedWorld(world: world, schedule: schedule, configuration: configuration) { sync in
        try sync.register(Position.self)
        try sync.register(Health.self, writable: .byClients(where: { ($0.new?.current ?? 0) <= 100 }))
        try sync.register(Label.self, writable: .byClients)
        try sync.register(State.self, writable: .byClients)
        try sync.register(Frozen.self, writable: .byClients)
        sync.spawning = .byClients
        sync.despawning = .byClients
    }
}

/// What clients say to a server, through the transport in memory, the sessions, and the world behind them; while a
/// client that behaves looks on, and must not notice.
private func fuzzServer(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = FuzzInput(UnsafeRawBufferPointer(start: start, count: count))
    do {
        let joined = try makeJoined()
        let witness = try joined.connect()
        let everything = try joined.run { try await witness.connection.subscribeToAll() }
        defer { everything.cancel() }
        joined.tick()
        var client = try joined.connectRaw()
        let hello: [UInt8] = [1, 1, 1, 0]
        if input.flags & 1 != 0 { client.send(hello) }
        for step in input.steps.prefix(200) {
            switch step {
            case .message(let message):
                client.send(message)
                joined.deliver()
            case .other(0), .other(1), .other(2): joined.tick()
            case .other(3): joined.runTick()
            case .other(4): joined.passTime(.seconds(2))
            case .other(5), .other(6):
                client.cut()
                client = try joined.connectRaw()
                client.send(hello)
            case .other: joined.passTime(.milliseconds(100))
            }
            if client.end != nil { client = try joined.connectRaw() }
        }
        // Within the windows of the one who behaves, all is well in the end.
        for _ in 0..<8 { joined.tick() }
        precondition(witness.end == nil, "the witness lost its connection: \(witness.end!)")
        precondition(witness.contents == joined.contents, "the witness does not see what there is")
    } catch {
        fatalError("\(error)")
    }
    return 0
}

@main struct FuzzServer {
    static func main() throws { try Fuzzer.run(.server) { fuzzServer($0, $1) } }
}
