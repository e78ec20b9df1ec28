import BenchmarkReport
import BenchmarkWorld
import CBenchmarkFrames
import Foundation

/// What is measured: how large a world, how much of it changes, who watches.
struct Scene {
    var entities = 10_000
    var changedPercent = 100
    var rate = 30
    var subscribers = 1
    /// Further connections that the server is to have room for.
    var connections = 0
    /// Whether the load compares what its clients show at each tick. Only where all entities change.
    var comparesStates = false
    /// How many entities of its own each subscriber asks for; 0 for all of the world.
    var ownEntities = 0
    /// Groups of entities, in place of moving ones; how many are in each, and how many join and leave each per tick.
    var groups = 0
    var members = 100
    var moves = 1.0
    /// Entities of five components, in place of moving ones, of which so many change in every tick.
    var watched = 0
    /// Whether entities have scores, in place of moving; and how many of the highest fall in every tick.
    var isRanked = false
    var falling = 0
    /// Whether entities walk on a square, in place of moving in a row.
    var isCrowd = false
    /// What each subscriber asks for, if not for the first component. Every `#` stands for a number that counts the
    /// subscriptions of all of them.
    var queries: [String] = []
    /// Clients that say much, besides.
    var talkers = 0
    /// Clients that come back, besides.
    var resumers = 0

    /// Entities that change in one tick.
    var changesPerTick: Int { Int((Double(entities * changedPercent) / 100).rounded()) }

    /// What the server does with its groups.
    var plan: GroupPlan {
        GroupPlan(
            entityCount: entities, groupCount: groups, members: members, moves: moves, changedCount: changesPerTick)
    }
}

/// A server with its clients, as they are between two looks.
final class Stage {
    private let scene: Scene
    private let server: ChildProcess
    private let load: ChildProcess?
    private let clock: String
    let url: String

    /// A Swift server of the scene with its subscribers, once all have their first state.
    static func serving(_ scene: Scene) throws -> Stage {
        try Stage(scene) { clock in
            try ChildProcess(
                "bench-server",
                [
                    "--entities", "\(scene.entities)", "--changed", "\(scene.changedPercent)", "--rate",
                    "\(scene.rate)", "--connections",
                    "\(scene.subscribers + scene.talkers + scene.resumers + scene.connections + 8)",
                    "--clock", clock, "--watched", "\(scene.watched)",
                    "--groups", "\(scene.groups)", "--members", "\(scene.members)", "--moves", "\(scene.moves)",
                    "--falling", "\(scene.falling)",
                ] + (scene.isRanked ? ["--ranked"] : []) + (scene.isCrowd ? ["--crowd"] : []))
        }
    }

    /// The floor: messages of this size to as many clients.
    /// - Parameter answers: answers to the mutations of those who say much, in place of those messages.
    static func floor(_ scene: Scene, messageSize: Int = 0, answers: Bool = false) throws -> Stage {
        try Stage(scene) { clock in
            try ChildProcess(
                "bench-floor",
                [
                    "--size", "\(max(32, messageSize))", "--rate", "\(scene.rate)", "--clients",
                    "\(max(1, scene.subscribers + scene.talkers))", "--clock", clock,
                ] + (answers ? ["--answers"] : []))
        }
    }

    private init(_ scene: Scene, _ makeServer: (String) throws -> ChildProcess) throws {
        self.scene = scene
        clock = FileManager.default.temporaryDirectory.appendingPathComponent("orrery-bench-\(UUID().uuidString)").path
        server = try makeServer(clock)
        url = try server.readLine()
        guard let port = url.split(separator: ":").last, scene.subscribers > 0 else {
            load = nil
            return
        }
        var arguments = [String(port), "--clients", "\(scene.subscribers)", "--clock", clock]
        // Three Floats of each entity, the last of every batch.
        if scene.comparesStates { arguments += ["--state-size", "\(scene.entities * 12)"] }
        // The floor does not read what it is asked for.
        if scene.ownEntities > 0 { arguments += ["--own", "\(scene.ownEntities)"] }
        arguments += scene.queries.flatMap { ["--query", $0] }
        load = try ChildProcess("bench-load", arguments)
        guard try load?.readLine() == "ready" else {
            throw ChildProcess.Failure(description: "bench-load is not ready")
        }
    }

    deinit {
        load?.stop()
        server.stop()
        unlink(clock)
    }

    func look() throws -> ServerReport { try server.report(ServerReport.self) }

    /// What happens in a while.
    func measure(seconds: Double) throws -> Measurement {
        try measure { Thread.sleep(forTimeInterval: seconds) }
    }

    /// What happens meanwhile.
    func measure(_ body: () throws -> Void) throws -> Measurement {
        try load?.tell("reset")
        let before = try look()
        try body()
        let after = try look()
        return Measurement(before: before, after: after, load: try load?.report(LoadReport.self))
    }

    /// Waits until the load reads as much as it is sent, ten seconds at most: what is sent later than it is measured
    /// would not count.
    func settle() throws {
        guard scene.changesPerTick > 0, scene.subscribers > 0 else {
            // Nothing is sent: a second is enough for what comes with the clients.
            _ = try measure(seconds: 1)
            return
        }
        for _ in 0..<20 {
            let now = try measure(seconds: 0.5)
            if Double(now.load?.batches ?? 0) >= 0.95 * Double(now.ticks) * Double(scene.subscribers) { return }
        }
    }

    /// Three bad clients join: a slow, a silent and a hostile one.
    func beginRogues() throws -> ChildProcess {
        let rogues = try ChildProcess("bench-rogues", [String(url.split(separator: ":").last ?? "")])
        guard try rogues.readLine() == "ready" else {
            throw ChildProcess.Failure(description: "bench-rogues is not ready")
        }
        return rogues
    }

    /// Those who say much join; each holds so many subscriptions, and says what it has to so many times a second.
    func beginTalkers(held: Int, turns: Int) throws -> ChildProcess {
        let talkers = try ChildProcess(
            "bench-talkers",
            [
                String(url.split(separator: ":").last ?? ""), "--clients", "\(scene.talkers)", "--entities",
                "\(scene.entities)", "--held", "\(held)", "--turns", "\(turns)",
            ])
        guard try talkers.readLine() == "ready" else {
            throw ChildProcess.Failure(description: "bench-talkers is not ready")
        }
        return talkers
    }

    /// Those who come back are there, and wait to be told what to ask for.
    func beginResumers() throws -> ChildProcess {
        try ChildProcess(
            "bench-resumers",
            [String(url.split(separator: ":").last ?? ""), "--clients", "\(scene.resumers)", "--clock", clock])
    }

    /// Payload of all messages that the server has sent so far, by its own count.
    func sentBytes() throws -> Int {
        let page = [CChar](unsafeUninitializedCapacity: 256 << 10) { buffer, count in
            let port = UInt16(url.split(separator: ":").last ?? "") ?? 0
            count = bench_read_page(port, "/metrics", buffer.baseAddress, buffer.count)
        }
        let lines = String(decoding: page.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
            whereSeparator: \.isNewline)
        let line = lines.first { $0.hasPrefix("orrery_sent_bytes_total ") }
        guard let count = line?.split(separator: " ").last.flatMap({ Int($0) }) else {
            throw ChildProcess.Failure(description: "bench-server does not count what it sends")
        }
        return count
    }

    /// Has the Swift client watch as well.
    func watch(seconds: Double, changes: Int?) throws -> ClientReport {
        var arguments = [url, "--seconds", "\(seconds)", "--clock", clock]
        if let changes { arguments += ["--changes", "\(changes)"] }
        return try ChildProcess("bench-client", arguments).readReport(ClientReport.self)
    }
}

/// The difference of two looks at a server.
struct Measurement {
    var ticks: UInt64 = 0
    var missedTicks: UInt64 = 0
    /// Bytes of memory of the server at the end.
    var residentSize: UInt64 = 0
    /// Nanoseconds of processor time, by thread.
    var processorTime: [String: UInt64] = [:]
    /// By thread.
    var allocations: [String: UInt64] = [:]
    var load: LoadReport?

    init() {}

    init(before: ServerReport, after: ServerReport, load: LoadReport?) {
        ticks = after.tickCount - before.tickCount
        missedTicks =
            after.lateTickCount + after.skippedTickCount - before.lateTickCount - before.skippedTickCount
        residentSize = after.residentSize
        self.load = load
        for thread in after.threads {
            let earlier = before.threads.first { $0.id == thread.id }
            processorTime[thread.name, default: 0] += thread.processorTime - (earlier?.processorTime ?? 0)
            allocations[thread.name, default: 0] += (thread.allocationCount ?? 0) - (earlier?.allocationCount ?? 0)
        }
    }

    mutating func add(_ other: Measurement) {
        ticks += other.ticks
        missedTicks += other.missedTicks
        residentSize = max(residentSize, other.residentSize)
        processorTime.merge(other.processorTime, uniquingKeysWith: +)
        allocations.merge(other.allocations, uniquingKeysWith: +)
        guard var sum = load, let more = other.load else {
            load = load ?? other.load
            return
        }
        sum.batches += more.batches
        sum.bytes += more.bytes
        sum.singleTickBatches += more.singleTickBatches
        sum.singleTickBytes += more.singleTickBytes
        sum.mergedTicks += more.mergedTicks
        sum.passedTicks += more.passedTicks
        sum.passedDeliveries += more.passedDeliveries
        sum.unequalTicks += more.unequalTicks
        sum.wrongStates += more.wrongStates
        sum.lateClients += more.lateClients
        sum.longestSilence = max(sum.longestSilence, more.longestSilence)
        sum.doneP50 = max(sum.doneP50, more.doneP50)
        sum.doneP99 = max(sum.doneP99, more.doneP99)
        load = sum
    }

    /// Processor milliseconds per tick of some threads, all unless stated.
    func millisecondsPerTick(_ thread: String? = nil) -> Double {
        let time = processorTime.filter { thread == nil || $0.key == thread }.values.reduce(0, +)
        return ticks == 0 ? 0 : Double(time) / 1e6 / Double(ticks)
    }

    /// Payload of a batch.
    var bytesPerDelivery: Double {
        guard let load, load.batches > 0 else { return 0 }
        return Double(load.bytes) / Double(load.batches)
    }

    /// Processor time of all threads by the batches that were sent, and acknowledged. Those are counted by the ticks
    /// that everybody has passed, since a load on a busy machine reads now more, now less than it is sent.
    var microsecondsPerDelivery: Double? {
        guard let load, load.passedDeliveries > 0 else { return nil }
        return millisecondsPerTick() * 1e3 * Double(load.passedTicks) / Double(load.passedDeliveries)
    }

    func allocationsPerTick(_ thread: String? = nil) -> Double {
        let count = allocations.filter { thread == nil || $0.key == thread }.values.reduce(0, +)
        return ticks == 0 ? 0 : Double(count) / Double(ticks)
    }
}

/// The threads of a server.
enum ServerThread {
    static let ticks = "orrery-ticks"
    static let sync = "orrery-sync"
    static let floor = "floor"
}
