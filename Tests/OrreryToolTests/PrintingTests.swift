import Foundation
import OrreryECS
import OrreryServer
import Testing

@Suite("A state is printed once", .timeLimit(.minutes(2)))
struct PrintingTests {
    @Test("JSON lines are valid and complete")
    func json() async throws {
        try await LiveWorld.run { live in
            let ended = try await Tool.run("inspect", live.server.url, "--json")
            #expect(ended.status == 0)
            #expect(ended.error == "")
            let objects = try ended.objects()
            #expect(objects.map { $0["entity"] as? String } == ["0v1", "1v1", "2v1"])
            #expect(
                try ended.line(0)
                    == #"{"entity":"0v1","Position":{"x":0,"y":0,"z":0},"Body":{"name":"Sun, \"Sol\"\u001b[1m","moons":[]},"Frozen":{}}"#
            )
            #expect((objects[1]["Body"] as? [String: any Sendable])?["moons"] as? [String] == ["Moon"])
            #expect(try ended.line(2) == #"{"entity":"2v1","Position":{"x":"Infinity","y":-0.25,"z":"NaN"}}"#)
        }
    }

    @Test("Into a pipe the table comes once")
    func table() async throws {
        try await LiveWorld.run { live in
            let plain = try await Tool.run("inspect", live.server.url, environment: ["TERM": "xterm"])
            let once = try await Tool.run("inspect", live.server.url, "--once")
            for ended in [plain, once] {
                #expect(ended.status == 0)
                #expect(ended.lines.count == 4)
                let header = "entity  Position.x [km]"
                #expect(try ended.line(0).hasPrefix(header))
                #expect(try ended.line(0).hasSuffix("Frozen"))
                #expect(try ended.line(1).hasSuffix("true"))
                #expect(!ended.output.contains("\u{1b}"))
            }
        }
    }

    @Test("CSV has a header and a line for each entity")
    func csv() async throws {
        try await LiveWorld.run { live in
            let ended = try await Tool.run("inspect", live.server.url, "--csv", "--limit", "1")
            #expect(ended.status == 0)
            #expect(
                ended.output == """
                    entity,Position.x,Position.y,Position.z,Body.name,Body.moons,Frozen,Place.row,Place.column
                    0v1,0,0,0,"Sun, ""Sol""\u{1b}[1m",[],true,,

                    """)
        }
    }

    @Test("A query shows entities that have all of it, and only that")
    func query() async throws {
        try await LiveWorld.run { live in
            let ended = try await Tool.run("inspect", live.server.url, "--json", "--query", "Body, Position")
            #expect(
                try ended.objects().map { Set($0.keys) } == Array(repeating: ["entity", "Position", "Body"], count: 2))
            let tags = try await Tool.run("inspect", live.server.url, "--json", "--query", "Frozen")
            #expect(tags.output == "{\"entity\":\"0v1\",\"Frozen\":{}}\n")
        }
    }

    @Test("One entity, by name")
    func entity() async throws {
        try await LiveWorld.run { live in
            let ended = try await Tool.run("inspect", live.server.url, "--csv", "--entity", "\(live.mars)")
            #expect(ended.lines.count == 2)
            #expect(try ended.line(1) == "2v1,Infinity,-0.25,NaN,,,,,")
        }
    }

    @Test("A bare host and port is an address too")
    func bareAddress() async throws {
        try await LiveWorld.run { live in
            let address = String(live.server.url.dropFirst("ws://".count))
            let ended = try await Tool.run("inspect", address, "--json")
            #expect(ended.lines.count == 3)
        }
    }

    @Test("Large worlds stream")
    func large() async throws {
        try await LiveWorld.run(hertz: 10, extraEntities: 20_000) { live in
            let ended = try await Tool.run("inspect", live.server.url, "--json")
            #expect(ended.status == 0)
            #expect(ended.lines.count == 20_003)
            #expect(ended.lines.last == #"{"entity":"20002v1","Position":{"x":19999,"y":0,"z":0}}"#)
        }
    }

    @Test(
        "Into a terminal no control character goes as it is", .bug(id: "f10", "a value steers the terminal"),
        arguments: ["--csv", "--json"])
    func terminal(_ form: String) async throws {
        try await LiveWorld.run { live in
            _ = try await live.server.perform { $0.spawn(Body(name: "a\u{1b}]0;x\u{7}\u{9b}1m\u{202e}b")) }
            let ended = try await Tool.onTerminal("inspect", live.server.url, form).ended()
            #expect(ended.status == 0)
            #expect(ended.output.contains("Earth"))
            for character in ["\u{1b}", "\u{7}", "\u{9b}", "\u{202e}"] {
                #expect(!ended.output.contains(character), "\(character.unicodeScalars.map(\.value))")
            }
            // As it is for a file or a program.
            let piped = try await Tool.run("inspect", live.server.url, form)
            #expect(piped.output.contains("\u{202e}"))
        }
    }

    @Test("A terminal of one character shows something", .bug(id: "o07", "nothing is shown"))
    func tinyTerminal() async throws {
        try await LiveWorld.run { live in
            let tool = try Tool.onTerminal("inspect", live.server.url, columns: 1, rows: 1)
            // Two frames, or a sentence and the end.
            try await tool.output("a frame") {
                $0.components(separatedBy: "\u{1b}[?2026l").count > 2 || $0.contains("small")
            }
            tool.interrupt(SIGTERM)
            let shown = try await tool.ended().output
                .replacing(/\u{1b}\[[?0-9;]*[A-Za-z]/, with: "")
                .filter { !$0.isWhitespace && $0.unicodeScalars.allSatisfy { $0.value > 32 } }
            #expect(!shown.isEmpty)
        }
    }
}
