import Foundation
import Logging
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryWebSocket
import Testing

private enum Mode: String, CaseIterable { case idle = "waiting", run }
private enum Only: CaseIterable { case one }
private struct Inner { var flag = true }

/// Every type of fixed size.
private struct Plain: Component {
    var bool = true
    var int8: Int8 = -2
    var int16: Int16 = -300
    var int32: Int32 = -70000
    var int64 = Int64.min
    var uint8 = UInt8.max
    var uint16 = UInt16.max
    var uint32 = UInt32.max
    var uint64 = UInt64.max
    var float: Float = 0.1
    var double = -0.0
    var vector = SIMD3<Float>(1, 2, 3.5)
    var target = Entity(index: 5, generation: 6)
    var nobody = Entity.none
    var mode = Mode.run
    var only = Only.one
    var inner = Inner()
}

private enum Order: Codable, Sampled {
    case idle
    case move(to: SIMD2<Float>, speed: Float?)
    static var samples: [Order] { [.idle, .move(to: .zero, speed: 1)] }
}

/// Every type of varying size.
private struct Cargo: Component, Codable {
    var slots: [String] = []
    var tags: Set<Int16> = []
    var counts: [String: UInt16] = [:]
    var pairs: [UInt8: Bool] = [:]
    var maybe: Float?
    var order = Order.idle
}

@Suite("A client written from the page alone sees what happens", .timeLimit(.minutes(2)))
struct PythonWatchTests {
    private static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func start(_ arguments: String...) throws -> Tool {
        let program = Self.package.appending(path: "Examples/python-watch/watch.py").path()
        return try Tool(
            // A test runner may ignore interrupts, which what it starts inherits. -B: leaves no compiled modules in the
            // sources.
            ["--default-signal=INT,PIPE", "python3", "-B", program] + arguments, environment: ["ORRERY_TOKEN": ""],
            executable: URL(filePath: "/usr/bin/env"))
    }

    @Test(
        "The worked example, in both its places",
        arguments: ["docs/PROTOCOL.md", "Tests/OrreryWireTests/Golden/WorkedExample.hex"])
    func workedExample(_ file: String) async throws {
        let ended = try await start("--replay", Self.package.appending(path: file).path()).ended()
        #expect(ended.status == 0 && ended.error == "")
        #expect(
            ended.output == """
                200 0v1 enter
                200 2v1 enter
                200 3v4 enter
                200 0v1 Position.x - -> 1
                200 0v1 Position.y - -> 2
                200 2v1 Position.x - -> 3
                200 2v1 Position.y - -> -4
                200 3v4 Label.text - -> "Grüße"
                201 2v1 despawn
                201 4v1 spawn
                201 3v4 remove Label
                201 4v1 Position.x - -> 0
                201 4v1 Position.y - -> 0.5
                201 0v1 Position.x 1 -> 1.5
                201 0v1 Label.text - -> "hi"

                """)
    }

    @Test("A resource, which belongs to no entity, while its query shows it")
    func resource() async throws {
        try await LiveWorld.run { live in
            func write(_ points: Int32) async throws {
                try await live.server.perform { $0.insertResource(Score(points: points)) }
            }
            let plain = try start(live.server.url, "resource Score", "--state")
            let high = try start(live.server.url, "resource Score where Score.points > 2", "--state")
            try await write(5)
            for watch in [plain, high] { try await watch.prints(" - Score.points - -> 5") }
            try await write(1)
            try await plain.prints(" - Score.points 5 -> 1")
            try await high.prints(" - leave")
            try await write(3)
            try await high.prints(" - Score.points - -> 3")
            _ = try await live.server.perform { $0.removeResource(Score.self) }
            try await plain.prints(" - remove Score")
            live.server.stop()
            for watch in [plain, high] { #expect(try await watch.ended().status == 5) }
        }
    }

    @Test("Spawns, values, removals and despawns of a live world, each with its tick")
    func live() async throws {
        try await LiveWorld.run { live in
            let watch = try start(live.server.url, "Body | Frozen | Place", "--state")
            try await watch.prints(" 0v1 Frozen - -> {}")
            let ship = try await live.server.perform {
                $0.spawn(Body(name: "Schiff \"Ö\"\u{1b}", moons: ["a"]), Place())
            }
            try await watch.prints(" \(ship) Place.row - -> 0")
            try await live.server.perform { world in
                try world.update(ship, Body.self) { $0.moons = ["a", "b"] }
                try world.update(ship, Place.self) { $0.row = -7 }
            }
            try await watch.prints(" \(ship) Place.row 0 -> -7")
            try await live.server.perform { world in
                try world.remove(Body.self, from: ship)
                try world.insert(Frozen(), on: ship)
            }
            try await watch.prints(" \(ship) Frozen - -> {}")
            try await live.server.perform { try $0.despawn(ship) }
            try await watch.prints(" \(ship) despawn")
            live.server.stop()
            let ended = try await watch.ended()
            #expect(ended.status == 5 && !ended.wasSignalled)
            #expect(ended.error.hasPrefix("watch.py: ") && ended.error.filter { $0 == "\n" }.count == 1)
            let ticks = ended.lines.compactMap { $0.split(separator: " ").first.flatMap { Int($0) } }
            #expect(ticks == ticks.sorted() && ticks.count == ended.lines.count && Set(ticks).count == 5)
            #expect(
                ended.lines.map { $0.drop { $0 != " " }.dropFirst() } == [
                    "0v1 enter", "1v1 enter",
                    #"0v1 Body.name - -> "Sun, \"Sol\"\u001b[1m""#, "0v1 Body.moons - -> []",
                    #"1v1 Body.name - -> "Earth""#, #"1v1 Body.moons - -> ["Moon"]"#,
                    "0v1 Frozen - -> {}",
                    "\(ship) spawn",
                    #"\#(ship) Body.name - -> "Schiff \"Ö\"\u001b""#, #"\#(ship) Body.moons - -> ["a"]"#,
                    "\(ship) Place.row - -> 0", "\(ship) Place.column - -> 0",
                    #"\#(ship) Body.moons ["a"] -> ["a","b"]"#, "\(ship) Place.row 0 -> -7",
                    "\(ship) remove Body", "\(ship) Frozen - -> {}",
                    "\(ship) despawn",
                ])
        }
    }

    @Test("An entity that no longer meets the condition leaves with all that was shown, and comes back whole")
    func condition() async throws {
        try await LiveWorld.run { live in
            @Sendable func move(_ entity: Entity, to row: Int32) async throws {
                try await live.server.perform { world in try world.update(entity, Place.self) { $0.row = row } }
            }
            let buoy = try await live.server.perform { $0.spawn(Place(row: 9)) }
            let far = try await live.server.perform { $0.spawn(Place(row: 10)) }
            let watch = try start(live.server.url, "Place, Body? where Place.row < 10", "--state")
            try await watch.prints(" \(buoy) Place.row - -> 9")
            let ship = try await live.server.perform { $0.spawn(Body(name: "Ship"), Place(row: 3)) }
            try await watch.prints(" \(ship) Place.row - -> 3")
            try await move(ship, to: 20)
            try await watch.prints(" \(ship) leave")
            try await live.server.perform { world in try world.update(ship, Body.self) { $0.moons = ["a"] } }
            try await move(far, to: 4)
            try await watch.prints(" \(far) Place.row - -> 4")
            try await move(ship, to: 7)
            try await watch.prints(" \(ship) Place.row - -> 7")
            try await live.server.perform { world in _ = try world.remove(Body.self, from: ship) }
            try await watch.prints(" \(ship) remove Body")
            try await live.server.perform { try $0.despawn(ship) }
            try await watch.prints(" \(ship) despawn")
            try await move(far, to: 11)
            try await watch.prints(" \(far) leave")
            live.server.stop()
            let ended = try await watch.ended()
            #expect(
                ended.lines.map { $0.drop { $0 != " " }.dropFirst() } == [
                    "\(buoy) enter", "\(buoy) Place.row - -> 9", "\(buoy) Place.column - -> 0",
                    "\(ship) spawn", #"\#(ship) Body.name - -> "Ship""#, "\(ship) Body.moons - -> []",
                    "\(ship) Place.row - -> 3", "\(ship) Place.column - -> 0",
                    "\(ship) leave",
                    "\(far) enter", "\(far) Place.row - -> 4", "\(far) Place.column - -> 0",
                    "\(ship) enter", #"\#(ship) Body.name - -> "Ship""#, #"\#(ship) Body.moons - -> ["a"]"#,
                    "\(ship) Place.row - -> 7", "\(ship) Place.column - -> 0",
                    "\(ship) remove Body",
                    "\(ship) despawn",
                    "\(far) leave",
                ])
        }
    }

    @Test("Every type is read by its schema")
    func everyType() async throws {
        let server = try SimulationServer(
            world: World(), schedule: Schedule(), configuration: .init(tickRate: .hertz(100)),
            transport: .webSocket(port: 0), logger: Logger(label: "orrery.test") { _ in SwiftLogNoOpLogHandler() }
        ) { sync in
            try sync.register(Plain.self)
            try sync.register(Cargo.self)
        }
        async let running: Void = server.run()
        let empty = try await server.perform { $0.spawn(Cargo()) }
        let watch = try start(server.url, "--state")
        try await watch.prints("\(empty) Cargo.order - -> ")
        try await server.perform { world in
            world.spawn(Plain())
            try world.update(empty, Cargo.self) { cargo in
                cargo = Cargo(
                    slots: ["a", "ü"], tags: [-1, 2], counts: ["x": 1, "y": 65535], pairs: [7: true], maybe: 0.25,
                    order: .move(to: [1, 2.5], speed: nil))
            }
        }
        try await watch.prints("Cargo.order ", "move")
        server.stop()
        try await running
        let lines = try await watch.ended().lines.map { String($0.drop { $0 != " " }.dropFirst()) }
        let (spawned, changed) = (lines.prefix { !$0.hasPrefix("1v1") }, lines.drop { !$0.hasPrefix("1v1") })
        #expect(
            Array(spawned) == [
                "0v1 enter", "0v1 Cargo.slots - -> []", "0v1 Cargo.tags - -> []", "0v1 Cargo.counts - -> {}",
                "0v1 Cargo.pairs - -> []", "0v1 Cargo.maybe - -> null", #"0v1 Cargo.order - -> {"idle":{}}"#,
            ])
        #expect(
            Array(changed) == [
                "1v1 spawn",
                "1v1 Plain.bool - -> true", "1v1 Plain.int8 - -> -2", "1v1 Plain.int16 - -> -300",
                "1v1 Plain.int32 - -> -70000", "1v1 Plain.int64 - -> -9223372036854775808",
                "1v1 Plain.uint8 - -> 255", "1v1 Plain.uint16 - -> 65535", "1v1 Plain.uint32 - -> 4294967295",
                "1v1 Plain.uint64 - -> 18446744073709551615", "1v1 Plain.float - -> 0.1",
                "1v1 Plain.double - -> -0.0", "1v1 Plain.vector - -> [1,2,3.5]", "1v1 Plain.target - -> \"5v6\"",
                "1v1 Plain.nobody - -> null", "1v1 Plain.mode - -> \"run\"", "1v1 Plain.only - -> \"one\"",
                "1v1 Plain.inner.flag - -> true",
                #"0v1 Cargo.slots [] -> ["a","ü"]"#, "0v1 Cargo.tags [] -> [2,-1]",
                #"0v1 Cargo.counts {} -> {"x":1,"y":65535}"#, "0v1 Cargo.pairs [] -> [[7,true]]",
                "0v1 Cargo.maybe null -> 0.25",
                #"0v1 Cargo.order {"idle":{}} -> {"move":{"to":[1,2.5],"speed":null}}"#,
            ])
    }

    @Test("It acknowledges: a world that never rests goes on for longer than the window")
    func acknowledges() async throws {
        try await LiveWorld.run { live in
            // 64 ticks are the most that may be unacknowledged.
            let ended = try await start(live.server.url, "--json", "--ticks", "100").ended()
            #expect(ended.status == 0 && ended.error == "")
            let changes = try ended.objects()
            #expect(changes.allSatisfy { $0["entity"] as? String == "1v1" && $0["change"] as? String == "set" })
            #expect(changes.allSatisfy { $0["field"] as? String == "Position.y" })
            let ticks = changes.compactMap { $0["tick"] as? Int }
            let (first, last) = try (#require(ticks.first), #require(ticks.last))
            #expect(last - first >= 98 && ticks == Set(ticks).sorted())
            for (old, new) in zip(changes, changes.dropFirst()) {
                #expect(old["new"] as? Double == new["old"] as? Double)
            }
        }
    }

    @Test("A large first state comes whole")
    func large() async throws {
        try await LiveWorld.run(hertz: 20, extraEntities: 20_000) { live in
            let watch = try start(live.server.url, "Position", "--state", "--ticks", "1")
            let ended = try await watch.ended()
            #expect(ended.status == 0 && ended.error == "")
            #expect(ended.lines.filter { $0.hasSuffix(" enter") }.count == 20_003)
            #expect(ended.lines.contains { $0.hasSuffix(" 20002v1 Position.x - -> 19999") })
            #expect(ended.lines.contains { $0.hasSuffix(" 2v1 Position.x - -> \"Infinity\"") })
        }
    }

    @Test("It ends as told, with the codes of its help")
    func ends() async throws {
        try await LiveWorld.run { live in
            let counted = try await start(live.server.url, "--count", "3").ended()
            #expect(counted.status == 0 && counted.lines.count == 3)
            let timed = try await start(live.server.url, "Frozen", "--for", "0.3").ended()
            #expect(timed.status == 0 && timed.output == "" && timed.error == "")
            let unknown = try await start(live.server.url, "Bod").ended()
            #expect(unknown.status == 4 && unknown.output == "")
            let sentence = "there is no such component; expected one of Body, Frozen, Place, Position"
            #expect(
                unknown.error == "watch.py: the server refuses the subscription (12): "
                    + "column 1: \(sentence) (did you mean 'Body'?)\n")
            let interrupted = try start(live.server.url)
            try await interrupted.prints(" 1v1 Position.y ")
            interrupted.interrupt()
            let ended = try await interrupted.ended()
            #expect(ended.status == SIGINT && ended.wasSignalled && ended.error == "")
        }
        #expect(try await start("ws://127.0.0.1:1").ended().status == 3)
        let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        for answer in ["HTTP/1.1 404 Not Found\r\n\r\n", head + "Sec-WebSocket-Accept: c29tZXRoaW5nIGVsc2U=\r\n\r\n"] {
            let web = try RawListener(answer: answer)
            #expect(try await start(web.url).ended().status == 4)
        }
        #expect(try await start("--count", "0").ended().status == 64)
        #expect(try await start("Position", "Frozen").ended().status == 64)
        #expect(try await start("--help").ended().output.contains("  64  "))
    }

    @Test("Fragments with a ping between them, and the close: its WebSocket by itself")
    func frames() async throws {
        let script = """
            import base64, hashlib, re, socket, sys, threading, time
            from websocket import Closed, WebSocket

            listener = socket.create_server(("127.0.0.1", 0))
            heard = bytearray()

            def serve():
                peer, _ = listener.accept()
                key = re.search(b"Sec-WebSocket-Key: (.*)\\r\\n", peer.recv(4096))[1]
                accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
                peer.sendall(b"HTTP/1.1 101 Go\\r\\nUpgrade: WebSocket\\r\\nConnection: keep-alive, Upgrade\\r\\n"
                    b"Sec-WebSocket-Protocol: p\\r\\nSec-WebSocket-Accept: " + accept + b"\\r\\n\\r\\n")
                for byte in bytes.fromhex("02026162 8901 21 0000 800163 827e0100") + b"x" * 256 + bytes.fromhex("880303e962"):
                    peer.sendall(bytes([byte]))
                while data := peer.recv(4096):
                    heard.extend(data)

            thread = threading.Thread(target=serve)
            thread.start()
            connection = WebSocket(f"ws://127.0.0.1:{listener.getsockname()[1]}/", "p", None, None, 1000, 10)
            deadline = time.monotonic() + 10
            print(connection.receive(deadline), len(connection.receive(deadline)))
            try:
                connection.receive(deadline)
            except Closed as closed:
                print(closed.code, closed.reason)
            thread.join()

            def unmasked(frame):
                return bytes(b ^ frame[2 + i % 4] for i, b in enumerate(frame[6:]))

            print(heard[:2].hex(), unmasked(heard[:7]), heard[7:9].hex(), unmasked(heard[7:]).hex())
            """
        let ended = try await Tool(
            ["python3", "-B", "-c", script],
            environment: ["PYTHONPATH": Self.package.appending(path: "Examples/python-watch").path()],
            executable: URL(filePath: "/usr/bin/env")
        ).ended()
        #expect(ended.output == "b'abc' 256\n1001 b\n8a81 b'!' 8882 03e9\n", "\(ended.error)")
    }

    @Test("A reader that has enough ends it quietly")
    func brokenPipe() async throws {
        try await LiveWorld.run { live in
            let program = Self.package.appending(path: "Examples/python-watch/watch.py").path()
            let shell = try Tool(
                ["-c", "{ python3 -B \(program) \(live.server.url); echo \"status $?\" >&2; } | head -1"],
                executable: URL(filePath: "/bin/sh"))
            let ended = try await shell.ended()
            #expect(ended.lines.count == 1 && ended.error == "status \(128 + SIGPIPE)\n")
        }
    }
}
