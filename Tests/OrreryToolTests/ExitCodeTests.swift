import Foundation
import OrreryServer
import OrreryTransport
import OrreryWebSocket
import Testing

@Suite("The exit code says what happened, and one line says what to do", .timeLimit(.minutes(2)))
struct ExitCodeTests {
    /// An address where nothing listens. Not a port that was just given back: another test's server may get it.
    private let deadAddress = "ws://127.0.0.1:1"

    private func expect(_ ended: Tool.Ended, _ status: Int32, _ message: String) {
        #expect(ended.status == status && !ended.wasSignalled, "\(ended.error)")
        #expect(ended.output == "")
        #expect(ended.error.hasPrefix("orrery: "))
        #expect(ended.error.contains(message), "\(ended.error)")
        #expect(ended.error.filter { $0 == "\n" }.count == 1)
    }

    @Test("3: nothing listens", arguments: ["--once", "--json", "--csv", "--watch"])
    func cannotConnect(_ mode: String) async throws {
        expect(try await Tool.run("inspect", deadAddress, mode), 3, "connection refused")
    }

    @Test("3: a server that accepts and says nothing, within the time-out")
    func silence() async throws {
        let silent = try RawListener(answer: nil)
        expect(try await Tool.run("inspect", silent.url, "--timeout", "0.2"), 3, "within 0.2 seconds")
    }

    @Test("4: an unknown component; the message lists those there are")
    func unknownComponent() async throws {
        try await LiveWorld.run { live in
            let ended = try await Tool.run("inspect", live.server.url, "--query", "Position, body")
            expect(ended, 4, "expected one of Body, Frozen, Place, Position (did you mean 'Body'?)")
            expect(
                try await Tool.run("inspect", live.server.url, "--query", "Place where Place.deep > 1"), 4, "column 19")
            expect(
                try await Tool.run("inspect", live.server.url, "--query", "Place where Place.row > \"a\""), 64,
                "column 25")
        }
    }

    @Test("4: a web server that is no Orrery server")
    func webServer() async throws {
        let web = try RawListener(answer: "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        expect(try await Tool.run("inspect", web.url, "--json"), 4, "is it an Orrery server?")
    }

    @Test("5: the server stops during a watch")
    func serverStops() async throws {
        try await LiveWorld.run { live in
            let tool = try Tool(["inspect", live.server.url, "--watch", "--json"])
            try await tool.prints("\"1v1\"")
            live.server.stop()
            let ended = try await tool.ended()
            #expect(ended.status == 5 && !ended.wasSignalled)
            #expect(ended.error.hasPrefix("orrery: the server at \(live.server.url) has stopped"))
            #expect(ended.error.filter { $0 == "\n" }.count == 1)
        }
    }

    @Test("6: no such entity", arguments: [["--once"], ["--json", "--query", "Body"], ["--watch"]])
    func unknownEntity(_ mode: [String]) async throws {
        try await LiveWorld.run { live in
            let tool = try Tool(["inspect", live.server.url, "--entity", "1v9"] + mode)
            expect(try await tool.ended(), 6, "entity 1v9 is not alive")
        }
    }

    @Test(
        "64: arguments that make no sense",
        arguments: [
            (["--once", "--watch"], "choose one"), (["--json", "--csv"], "choose one"),
            (["--csv", "--watch"], "use --json"),
            (["--for", "3"], "add --watch"), (["--ticks", "3"], "add --watch"),
            (["--once", "--for", "1"], "add --watch"),
            (["--limit", "0"], "--limit must be greater than 0; it is 0"), (["--timeout", "0"], "--timeout"),
            (["--timeout", "nan"], "--timeout"), (["--timeout", "1e300"], "--timeout"),
            (["--watch", "--for=-1"], "--for must be greater than 0"), (["--watch", "--ticks", "0"], "--ticks"),
            (["--watch", "--ticks=-4"], "--ticks"), (["--entity", "earth"], "12v3"), (["--entity", "-"], "12v3"),
            (["--entity", "+1v1"], "12v3"), (["--query", ""], "column 1"),
            (["--query", "A,,B"], "column 3"),
            (["--query", "A at 10 Hz"], "column 3: this is not supported yet"),
            (["--sort", "A.b up"], "--sort: column 5: this cannot stand here"), (["--sort", ""], "--sort: column 1"),
            (["--query", "A limit 3", "--limit", "3"], "--limit: the query has a limit"),
            (["--query", "A order by A.b", "--sort", "A.c"], "--sort: the query has an order"),
            (["--query", "resource A", "--sort", "A.c"], "--sort: a resource has no order"),
            (["--watch", "--sort", "A.b"], "leave out --sort"),
            (["http://127.0.0.1:7600"], "ws"), (["ws://127.0.0.1:99999"], "port"),
            (["--bogus"], "--bogus"), (["one", "two"], "two"), (["--name", ""], "--name must have 1 to 128 bytes"),
        ])
    func usage(_ arguments: [String], _ message: String) async throws {
        expect(try await Tool(["inspect"] + arguments).ended(), 64, message)
    }

    @Test("--help lists the exit codes", arguments: [["--help"], ["inspect", "--help"]])
    func help(_ arguments: [String]) async throws {
        let ended = try await Tool(arguments).ended()
        #expect(ended.status == 0 && ended.error == "")
        for code in ["   0  ", "   3  ", "   4  ", "   5  ", "   6  ", "  64  "] {
            #expect(ended.lines.contains { $0.hasPrefix(code) })
        }
        #expect(ended.output.contains("orrery inspect --watch"))
        #expect(ended.lines.allSatisfy { $0.count <= 80 || $0.hasPrefix("USAGE") })
    }

    @Test func version() async throws {
        let ended = try await Tool.run("--version")
        #expect(ended.status == 0)
        #expect(ended.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
    }

    @Test("A reader that has enough ends it quietly", arguments: ["--json", "--watch"])
    func brokenPipe(_ mode: String) async throws {
        try await LiveWorld.run(extraEntities: 20_000) { live in
            let shell = try Tool(
                [
                    "-c", "{ \"$0\" inspect \"$1\" \(mode); echo \"status $?\" >&2; } | head -1",
                    Tool.executable.path(), live.server.url,
                ],
                executable: URL(filePath: "/bin/sh"))
            let ended = try await shell.ended()
            #expect(ended.lines.count == 1)
            // As the shell says it of a process that SIGPIPE ended; and nothing else.
            #expect(ended.error == "status \(128 + SIGPIPE)\n")
        }
    }

    @Test(
        "A full disk has a code of its own, which --help lists", .bug(id: "d24", "it is taken for a lost connection"),
        arguments: ["--csv", "--json", "--once"])
    func fullDisk(_ form: String) async throws {
        try await LiveWorld.run { live in
            let ended = try await Tool.intoFullDisk("inspect", live.server.url, form).ended()
            #expect(ended.error.contains("No space left on device"))
            let help = try await Tool.run("inspect", "--help")
            #expect(ended.status != 0 && ended.status != 5)
            #expect(help.lines.contains { $0.hasPrefix(" ") && $0.contains(" \(ended.status)  ") })
        }
    }
}
