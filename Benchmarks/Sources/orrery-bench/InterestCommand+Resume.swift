import BenchmarkReport
import BenchmarkWorld
import Foundation

extension InterestCommand {
    /// Groups that one client has alone, and groups of a hundred that twelve clients have each.
    private static let (ownGroups, sharedGroups) = (4, 12)
    private static let sharedGroupCount = 100

    /// The groups that each client shows, none twice.
    private static func groups(of client: Int, _ clients: Int) -> [Int] {
        (0..<ownGroups).map { client * ownGroups + $0 }
            + (0..<sharedGroups).map { clients * ownGroups + (client * 7 + $0 * 9) % sharedGroupCount }
    }

    /// All clients lose their connections at one moment, and come back at one moment.
    func measureResume() throws -> (Result, Bool) {
        let clients = 100
        var scene = Scene(
            entities: 100_000, changedPercent: 1, rate: rate, subscribers: 0,
            groups: clients * Self.ownGroups + Self.sharedGroupCount, moves: 0.1)
        scene.resumers = clients
        let stage = try Stage.serving(scene)
        let resumers = try stage.beginResumers()
        // Before the server, whose end would be the end of a connection to them.
        defer { resumers.stop() }
        for client in 0..<clients {
            for group in Self.groups(of: client, clients) {
                try resumers.tell("ask \(client) Level where Level.group = \(group)")
            }
        }
        try resumers.tell("connect")
        try resumers.expect("ready")
        let away = min(5, seconds)
        var sum = ResumeSum(scene)
        for _ in 0..<max(1, Int(seconds / (away + 1))) {
            // What follows the first state, or the round before, is over.
            Thread.sleep(forTimeInterval: 1)
            try resumers.tell("lose")
            try resumers.expect("lost")
            let alone = try stage.measure(seconds: away)
            var report: ResumeReport?
            let back = try stage.measure {
                try resumers.tell("resume")
                report = try resumers.readReport(ResumeReport.self)
            }
            guard let report else { continue }
            sum.add(report, back, alone: alone) { Self.groups(of: $0, clients) }
        }
        let result = sum.result(clients: clients, filters: Self.ownGroups + Self.sharedGroups, awaySeconds: away)
        return (result, sum.ratio <= 1.05 && sum.ticks <= 3 && sum.wrong == 0)
    }
}

/// What the clients of some rounds were sent, beside what they needed.
private struct ResumeSum {
    private let scene: Scene
    private var model: GroupModel
    private var received = 0
    private var answerBytes = 0
    private var cells = 0
    private var cellBytes = 0
    private var membershipBytes = 0
    private var restarted = 0
    private var rounds = 0
    private var milliseconds = 0.0
    private var processorMilliseconds = 0.0
    private var syncMilliseconds = 0.0
    private var missedTicks: UInt64 = 0
    /// The most ticks of any round from the one in which all began to connect to the one with which the last was whole.
    private(set) var ticks = 0
    /// Clients that were not sent what the model says: each value and each coming and going once, and no other.
    private(set) var wrong = 0

    init(_ scene: Scene) {
        self.scene = scene
        model = GroupModel(scene.plan, entityCount: scene.entities)
    }

    /// Payload that was sent by the bytes of what had to be told.
    var ratio: Double { Double(received) / Double(max(1, cellBytes + membershipBytes)) }

    mutating func add(
        _ report: ResumeReport, _ back: Measurement, alone: Measurement, groups: (_ client: Int) -> [Int]
    ) {
        let known = Set(report.deliveries.flatMap { [$0.base, $0.tick] }).sorted()
        var states: [Int: GroupModel.State] = [:]
        for tick in known { states[tick] = model.state(at: tick) }
        for (client, delivery) in report.deliveries.enumerated() {
            guard let before = states[delivery.base], let after = states[delivery.tick] else { continue }
            let need = GroupModel.need(of: groups(client), from: before, to: after)
            received += delivery.bytes
            answerBytes += delivery.answerBytes
            cells += need.cells
            cellBytes += need.cellBytes
            membershipBytes += need.membershipBytes
            restarted += delivery.restarted
            let isRight =
                need.cells == delivery.cells && need.entered == delivery.entered && need.joined == delivery.joined
                && need.left == delivery.left
            if !isRight { wrong += 1 }
        }
        rounds += 1
        milliseconds = max(milliseconds, report.milliseconds)
        ticks = max(ticks, (known.last ?? 0) - report.tick)
        // Less what the world takes anyway in as many ticks.
        let count = Double(back.ticks)
        processorMilliseconds += (back.millisecondsPerTick() - alone.millisecondsPerTick()) * count
        syncMilliseconds +=
            (back.millisecondsPerTick(ServerThread.sync) - alone.millisecondsPerTick(ServerThread.sync)) * count
        missedTicks += back.missedTicks
    }

    func result(clients: Int, filters: Int, awaySeconds: Double) -> Result {
        let deliveries = max(1, rounds * clients)
        var result = Result()
        result.set("name", InterestCommand.Row.resume.rawValue)
        result.set("clients", clients)
        result.set("filters", filters)
        result.set("away_s", awaySeconds, digits: 1)
        result.set("rounds", rounds)
        result.set("ratio", ratio, digits: 3)
        result.set("ticks_until_whole", ticks)
        result.set("ms_until_whole", milliseconds, digits: 1)
        result.set("bytes_per_client", received / deliveries)
        result.set("answer_bytes", answerBytes / deliveries)
        result.set("cells", cells / deliveries)
        result.set("cell_bytes", cellBytes / deliveries)
        result.set("membership_bytes", membershipBytes / deliveries)
        result.set("server_cpu_ms", processorMilliseconds / Double(max(1, rounds)), digits: 1)
        result.set("sync_cpu_ms", syncMilliseconds / Double(max(1, rounds)), digits: 1)
        result.set("ticks_missed", Int(missedTicks))
        result.set("restarted", restarted)
        result.set("wrong", wrong)
        return result
    }
}
