import CoreMetrics
import Foundation
import MetricsTestKit
import OrreryClient
import OrreryECS
import OrreryRawPeer
import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWebSocket
import OrreryWire
import Testing

@testable import OrreryServer

extension LiveWorld {
    /// The number behind a metric with these labels.
    fileprivate func metric(_ name: String) async throws -> Double? {
        let page = try await Answer(self, "/metrics").text
        let line = page.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.dropFirst(name.count + 1)) }
    }

    /// Asks again until the metric is as wanted. The time limit of the test is the deadline.
    fileprivate func until(_ name: String, _ isWanted: (Double) -> Bool) async throws {
        while try await !(metric(name).map(isWanted) ?? false) {}
    }
}

@Suite("A running server can be watched over HTTP", .timeLimit(.minutes(1)))
struct PagesTests {
    @Test func healthIsOpenAndPlain() async throws {
        try await LiveWorld.run(over: .webSocket, configure: { $0.authorize = .bearer("t", rights: .all) }) { live in
            // On a machine with much else to do, no tick for two seconds may be the truth.
            var answer = try await Answer(live, "/healthz")
            while answer.status == 503 { answer = try await Answer(live, "/healthz") }
            #expect(answer.status == 200)
            #expect(answer.text == "ok\n")
            #expect(answer.fields["content-type"] == "text/plain; charset=utf-8")
            #expect(try await Answer(live, "/healthz?x=1", method: "HEAD").text == "")
            #expect(try await Answer(live, "/other").status == 404)
            #expect(try await Answer(live, "/healthz", method: "POST").status == 405)
        }
    }

    @Test func aWorldThatStandsStillIsNotHealthy() async throws {
        try await LiveWorld.run(over: .webSocket) { live in
            // "starting", until the first tick has ended.
            while try await Answer(live, "/healthz").status != 200 {}
            let gate = DispatchSemaphore(value: 0)
            // Not for ever, so that a broken test ends.
            async let held = live.server.perform { _ in gate.wait(timeout: .now() + 120) }
            var answer = try await Answer(live, "/healthz")
            while answer.status == 200 { answer = try await Answer(live, "/healthz") }
            #expect(answer.status == 503)
            #expect(answer.text.hasPrefix("No tick has begun for "), "\(answer.text)")
            gate.signal()
            #expect(try await held == .success)
            while try await Answer(live, "/healthz").status != 200 {}
            // Nobody was turned away.
            #expect(try await live.metric("orrery_refused_input_total{kind=\"full\"}") == 0)
        }
    }

    @Test func beforeTheFirstTickItIsStarting() async throws {
        let gate = DispatchSemaphore(value: 0)
        let world = World()
        world.spawn(Position())
        var schedule = Schedule()
        // Not for ever, so that a broken test ends.
        schedule.add("slow start", in: .update, Read<Position>.self) { _, tick in
            if tick.tick == Tick(1) { _ = gate.wait(timeout: .now() + 60) }
        }
        try await LiveWorld.run(over: .webSocket, world: world, schedule: schedule) { live in
            let answer = try await Answer(live, "/healthz")
            #expect(answer.status == 503)
            #expect(answer.text == "starting\n")
            #expect(try await Answer(live, "/schema").status == 200)
            // Who connects waits, and then sees the world as it is after its first tick.
            let client = live.client
            async let early: Tick = client.withConnection { connection in
                let everything = try await connection.subscribeToAll()
                defer { everything.cancel() }
                return connection.tick
            }
            #expect(try await Answer(live, "/healthz").status == 503)
            // Who does not wait is sent away, and counted.
            let port = try #require(live.server.url.split(separator: ":").last.flatMap { Int($0) })
            let code = try await onThread {
                let hasty = try RawPeer(port: port)
                hasty.requestUpgrade()
                _ = hasty.readHead()
                for _ in 0..<2 { hasty.writeFrame(2, ClientMessage.hello(Hello(clientName: "hasty")).encoded()) }
                return try hasty.readCloseCode()
            }
            #expect(code == 1002)
            try await live.until("orrery_refused_input_total{kind=\"protocol\"}") { $0 == 1 }
            gate.signal()
            #expect(try await early >= Tick(1))
            while try await Answer(live, "/healthz").text != "ok\n" {}
            #expect(try await live.metric("orrery_refused_input_total{kind=\"full\"}") == 0)
        }
    }

    @Test func theSchemaSaysWhatIsAResource() throws {
        let table = ComponentTable([
            .init(ColumnID(0), try ComponentCoder<Position>().schema),
            .init(ColumnID(1), try ComponentCoder<Health>().schema, isResource: true),
        ])
        let pages = ServerPages(
            SimulationConfiguration(), url: "memory://pages", components: table, metrics: ServerMetrics(factory: nil),
            pulse: TickPulse(period: .seconds(1), now: { .zero }))
        let answer = try #require(pages.page(for: HTTPRequest(path: "/schema"), isStarting: false))
        let page = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: [[String: Any]]]
        #expect(page?["components"]?.map { $0["resource"] as? Bool } == [nil, true])
    }

    @Test(
        arguments: [
            (.everything, ["Position", "Health"], 200),
            (Visibility(components: ["Health"]), ["Health"], 403),
            (Visibility(groups: []), ["Position", "Health"], 403),
        ] as [(Visibility, [String], Int)])
    func pagesShowWhatAPeerMaySee(visibility: Visibility, components: [String], metricsStatus: Int) throws {
        let table = ComponentTable([
            .init(ColumnID(0), try ComponentCoder<Position>().schema),
            .init(ColumnID(1), try ComponentCoder<Health>().schema),
        ])
        var configuration = SimulationConfiguration()
        configuration.authorize = Authorizer { _ in .allowed(.observe, visibility: visibility) }
        let pages = ServerPages(
            configuration, url: "memory://pages", components: table, metrics: ServerMetrics(factory: nil),
            pulse: TickPulse(period: .seconds(1), now: { .zero }))
        let answer = try #require(pages.page(for: HTTPRequest(path: "/schema"), isStarting: false))
        let page = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: [[String: Any]]]
        #expect(page?["components"]?.map { $0["name"] as? String } == components)
        #expect(pages.page(for: HTTPRequest(path: "/metrics"), isStarting: false)?.status == metricsStatus)
    }

    @Test(
        arguments: [
            (.observe, .everything, 2), (.control, .everything, 1), (.all, Visibility(groups: []), 1),
            (.all, Visibility(components: ["orrery.System"]), 1),
        ] as [(AccessRights, Visibility, Int)])
    func theSchemaShowsTheServerToThoseWhoMayLook(rights: AccessRights, visibility: Visibility, count: Int) throws {
        let table = ComponentTable([
            .init(ColumnID(0), try ComponentCoder<Position>().schema),
            .init(ColumnID(1), try ComponentCoder<SystemStatus>().schema, isStatus: true),
        ])
        var configuration = SimulationConfiguration()
        configuration.authorize = Authorizer { _ in .allowed(rights, visibility: visibility) }
        let pages = ServerPages(
            configuration, url: "memory://pages", components: table, metrics: ServerMetrics(factory: nil),
            pulse: TickPulse(period: .seconds(1), now: { .zero }))
        let answer = try #require(pages.page(for: HTTPRequest(path: "/schema"), isStarting: false))
        let page = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: [[String: Any]]]
        #expect(page?["components"]?.count == count)
    }

    @Test func theSchemaIsJSONInTheOrderOfRegistration() async throws {
        try await LiveWorld.run(over: .webSocket) { live in
            let answer = try await Answer(live, "/schema")
            #expect(answer.status == 200)
            #expect(answer.fields["content-type"] == "application/json")
            let page = try #require(
                try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: [[String: Any]]])
            let components = try #require(page["components"])
            #expect(
                components.map { $0["name"] as? String } == [
                    "Position", "Health", "Label", "Frozen", "orrery.Server", "orrery.System", "orrery.Session",
                    "orrery.Component", "orrery.Query",
                ])
            #expect(components.map { $0["status"] != nil } == components.indices.map { $0 >= 4 })
            let schema = try ComponentCoder<Position>().schema
            #expect(components[0]["hash"] as? String == schema.hash.description)
            let type = try #require(components[0]["type"] as? [String: Any])
            let fields = try #require(type["fields"] as? [[String: Any]])
            #expect(fields.map { $0["name"] as? String } == ["x", "y", "z"])
            #expect((fields[0]["type"] as? [String: String]) == ["kind": "scalar", "scalar": "float"])
            #expect(try await Answer(live, "/schema").text == answer.text)
        }
    }

    @Test func metricsTellWhatHappens() async throws {
        let world = World()
        for _ in 0..<7 { world.spawn(Position()) }
        try await LiveWorld.run(over: .webSocket, world: world) { live in
            let page = try await Answer(live, "/metrics")
            #expect(page.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(page.text.contains("# TYPE orrery_tick_seconds histogram\n"))
            #expect(page.text.contains("# HELP orrery_entities Living entities.\n# TYPE orrery_entities gauge\n"))
            #expect(page.text.contains("orrery_mutations_total{outcome=\"applied\"} 0\n"))
            try await live.until("orrery_entities") { $0 == 7 }
            try await live.until("orrery_tick_seconds_count") { $0 > 10 }
            #expect(try await live.metric("orrery_sessions") == 0)
            try await live.client.withConnection { connection in
                let everything = try await connection.subscribeToAll()
                defer { everything.cancel() }
                try await live.until("orrery_sessions") { $0 == 1 }
                try await live.until("orrery_sent_bytes_total") { $0 > 100 }
                try await live.until("orrery_received_bytes_total") { $0 > 10 }
                try await live.until("orrery_encode_seconds_count") { $0 > 0 }
            }
            try await live.until("orrery_sessions") { $0 == 0 }
            // A tick that takes longer than the time to the next.
            try await live.server.perform { _ in Thread.sleep(forTimeInterval: 0.05) }
            try await live.until("orrery_tick_overruns_total") { $0 >= 1 }
        }
    }

    @Test func aHistogramAddsUp() async throws {
        let metrics = ServerMetrics(factory: NOOPMetricsHandler.instance)
        for nanoseconds: UInt64 in [50_000, 50_001, 3_000_000_000] {
            metrics.tickRan(nanoseconds: nanoseconds, isOverrun: false)
        }
        let lines = metrics.text.split(separator: "\n").filter { $0.hasPrefix("orrery_tick_seconds") }
        #expect(lines.first == "orrery_tick_seconds_bucket{le=\"5e-05\"} 1")
        #expect(lines.dropFirst().first == "orrery_tick_seconds_bucket{le=\"0.0001\"} 2")
        #expect(lines.dropFirst(14).first == "orrery_tick_seconds_bucket{le=\"2.5\"} 2")
        #expect(
            lines.suffix(3) == [
                "orrery_tick_seconds_bucket{le=\"+Inf\"} 3", "orrery_tick_seconds_sum 3.000100001",
                "orrery_tick_seconds_count 3",
            ])
    }

    @Test func everyKindOfRefusedInputIsCounted() throws {
        let metrics = ServerMetrics(factory: NOOPMetricsHandler.instance)
        for kind in RefusedInput.allCases { metrics.inputRefused(kind) }
        metrics.mutationAnswered(.applied(Tick(1), entities: []))
        for (code, _) in RefusalCode.named { metrics.mutationAnswered(.refused(Refusal(code, ""))) }
        // One that this version does not have is not counted, and does no harm.
        metrics.mutationAnswered(.refused(Refusal(RefusalCode(rawValue: 200), "")))
        for kind in RefusedInput.allCases {
            #expect(metrics.text.contains("orrery_refused_input_total{kind=\"\(kind.rawValue)\"} 1\n"))
        }
        let outcomes = [
            "applied", "unknown_entity", "unknown_component", "undecodable", "out_of_domain", "not_writable",
            "forbidden", "compare_failed", "outcome_unknown", "limit_reached", "not_supported", "bad_subscription",
            "bad_query", "cancelled",
        ]
        for outcome in outcomes {
            #expect(metrics.text.contains("orrery_mutations_total{outcome=\"\(outcome)\"} 1\n"))
        }
        #expect(metrics.text.matches(of: /orrery_mutations_total\{/).count == outcomes.count)
    }

    @Test func whatPeersSendAndIsRefusedIsCounted() async throws {
        try await LiveWorld.run(over: .webSocket) { live in
            func name(_ kind: String) -> String { "orrery_refused_input_total{kind=\"\(kind)\"}" }
            _ = try await Answer(live, "/nowhere")
            try await live.until(name("not_found")) { $0 == 1 }
            // No Hello, but something else.
            let loop = try WebSocketClientTransport(connectTimeout: .seconds(30)).connect(
                to: live.server.url, limits: TransportLimits())
            let stranger = Stranger(loop, saying: [0xFF, 0xFF, 0xFF])
            Thread { try? loop.run(stranger) }.start()
            try await live.until(name("protocol")) { $0 == 1 }
            let text = try await Answer(live, "/metrics").text
            #expect(text.contains("\(name("text")) 0\n"))
        }
    }

    @Test func mutationsAreCountedByOutcome() async throws {
        let server = try SteeringTests().makeServer(.webSocket(port: 0), World())
        async let running: Void = server.run()
        let client = SimulationClient(url: server.url, transport: .webSocket, reconnect: .never)
        try await client.withConnection { connection in
            let spawned = connection.enqueue(.spawn(Health(current: 1), Label(text: "ship")))
            let ship = try #require(try await spawned.outcome.entities.first)
            _ = try await connection.enqueue(.patch(ship, Health.self) { $0.set(\.current, to: 50) }).outcome
            // One is refused by the rule in the world, one before it gets there.
            for mutation: ClientMutation in [.set(Health(current: 500), on: ship), .insert(Position(), on: ship)] {
                await #expect(throws: ClientError.self) { try await connection.enqueue(mutation).outcome }
            }
        }
        var text = ""
        while !text.contains("{outcome=\"not_writable\"} 1\n") { text = try await Answer(server, "/metrics").text }
        #expect(text.contains("orrery_mutations_total{outcome=\"applied\"} 2\n"), "\(text)")
        #expect(text.contains("orrery_mutations_total{outcome=\"forbidden\"} 1\n"), "\(text)")
        server.stop()
        try await running
    }

    /// Whoever bootstrapped a backend of their own sees the same.
    @Test func theUsersBackendSeesTheSame() async throws {
        let backend = TestMetrics()
        try await LiveWorld.run(over: .webSocket, configure: { $0.metrics = backend }) { live in
            try await live.until("orrery_tick_seconds_count") { $0 > 10 }
            #expect(try backend.expectTimer("orrery_tick_seconds").values.count > 10)
            _ = try await Answer(live, "/nowhere")
            try await live.until("orrery_refused_input_total{kind=\"not_found\"}") { $0 == 1 }
            let counter = try backend.expectCounter("orrery_refused_input_total", [("kind", "not_found")])
            #expect(counter.totalValue == 1)
        }
    }
}

/// Says one thing and is cut off.
private final class Stranger: TransportHandler, Sendable {
    private let loop: any TransportLoop
    private let message: [UInt8]

    init(_ loop: any TransportLoop, saying message: [UInt8]) {
        self.loop = loop
        self.message = message
    }

    func connectionOpened(_ connection: ConnectionID, granted: (any Sendable)?) {
        loop.send(Frame(message), to: connection)
    }
    func connection(_ connection: ConnectionID, received message: UnsafeRawBufferPointer) {}
    func connectionDrained(_ connection: ConnectionID) {}
    func connectionClosed(_ connection: ConnectionID, _ closure: ConnectionEnd) { loop.shutDown(lingerMax: .zero) }
    func loopWoken() {}
    func loopTimerFired() {}
}
