import Foundation
import Glibc
import OrreryServer
import Testing

@Suite("orrery query asks once", .timeLimit(.minutes(2)))
struct QueryTests {
    @Test("As a table, as JSON lines and as CSV, like the inspector")
    func formats() async throws {
        try await LiveWorld.run { live in
            let url = live.server.url
            for form in [["--json"], ["--csv"]] {
                let asked = try await Tool(["query", url, "Body, Frozen?"] + form).ended()
                let inspected = try await Tool(["inspect", url, "--query", "Body, Frozen?"] + form).ended()
                #expect(asked.status == 0 && asked.error == "")
                #expect(asked.output == inspected.output && asked.lines.count >= 2)
            }
            let table = try await Tool.run("query", url, "Frozen, Place?", environment: ["TERM": "xterm"])
            #expect(
                table.output == "entity  Frozen  Place.row  Place.column\n0v1     true            -             -\n")
            let listed = try await Tool.run(
                "query", url, "--json", "--entity", "\(live.mars)", "--entity", "9v9", "Position?, Body?")
            #expect(listed.output == #"{"entity":"2v1","Position":{"x":"Infinity","y":-0.25,"z":"NaN"}}"# + "\n")
            #expect(try await Tool.run("query", url, "Place").output == "entity  Place.row  Place.column\n")
        }
    }

    @Test("Sorted and limited by options, which say the same as the query; and counted")
    func ordered() async throws {
        try await LiveWorld.run { live in
            let url = live.server.url
            let all = try await Tool.run("query", url, "Body", "--json")
            for command in [["query", url, "Body"], ["inspect", url, "--query", "Body"]] {
                let sorted = try await Tool(command + ["--json", "--sort", "~Body.name desc", "--limit", "1"]).ended()
                #expect(sorted.status == 0 && sorted.lines.count == 1, "\(sorted.error)")
                let reversed = try await Tool(command + ["--json", "--sort", "~Body.name"]).ended()
                #expect(reversed.lines.count == all.lines.count && reversed.lines.last == sorted.lines.first)
            }
            let text = try await Tool.run("query", url, "Body order by ~Body.name desc limit 1", "--json")
            #expect(
                text.output
                    == (try await Tool.run("query", url, "Body", "--json", "--sort", "~Body.name desc", "--limit", "1"))
                    .output)
            #expect(try await Tool.run("query", url, "Body count").output == "\(all.lines.count)\n")
            #expect(
                try await Tool.run("query", url, "Body count", "--json").output == "{\"count\":\(all.lines.count)}\n")
            #expect(try await Tool.run("query", url, "Body count", "--csv").output == "count\n\(all.lines.count)\n")
        }
    }

    @Test("Into a terminal no control character goes as it is")
    func terminal() async throws {
        try await LiveWorld.run { live in
            let ended = try await Tool.onTerminal("query", live.server.url, "Body", "--json").ended()
            #expect(ended.status == 0 && ended.output.contains("Sol") && !ended.output.contains("\u{1b}"))
        }
    }

    @Test("The exit codes of the other commands, and one line that says what is wrong")
    func mistakes() async throws {
        try await LiveWorld.run { live in
            let url = live.server.url
            for (arguments, status, words) in [
                (["Body where Body.nam = \"a\""], 4, "column 17: there is no such field"),
                (["Bodi"], 4, "did you mean 'Body'?"), (["Body within 3 of 1v1"], 64, "no component as spatial"),
                (["Body", "--sort", "Body.nam"], 4, "did you mean 'name'?"), (["Body", "--limit=-1"], 64, "negative"),
                (["Body limit 3", "--sort", "Body.name"], 64, "--sort: the query has an order or a limit"),
                (["Body where"], 64, "column 11"), (["Body where Body.name > 5"], 64, "the type does not fit"),
                (["", "--entity", "1v9"], 6, "entity 1v9 is not alive"), (["Body", "--entity", "moon"], 64, "12v3"),
                (["Body", "--json", "--csv"], 64, "choose one format"),
                (["Body", "--explain", "--json"], 64, "leave out"),
                (["localhost:7600"], 64, "the address comes before the text"),
                (["Place where Place.depth = 1"], 4, "a field of Place: row, column"),
                (["Body", "--at-least", "999999999999", "--timeout", "0.2"], 3, "did not answer within"),
            ] as [([String], Int32, String)] {
                let ended = try await Tool(["query", url] + arguments).ended()
                #expect(ended.status == status && ended.output == "", "\(arguments): \(ended.error)")
                #expect(ended.error.contains(words) && ended.error.filter { $0 == "\n" }.count == 1, "\(ended.error)")
            }
            #expect(try await Tool.run("query", "ws://127.0.0.1:1", "Body").status == 3)
        }
    }

    @Test("--help lists the exit codes")
    func help() async throws {
        let ended = try await Tool.run("query", "--help")
        #expect(ended.status == 0 && ended.output.contains("--explain"))
        for code in ["   0  ", "   4  ", "   6  ", "  64  "] {
            #expect(ended.lines.contains { $0.hasPrefix(code) })
        }
        #expect(ended.lines.allSatisfy { $0.count <= 80 || $0.hasPrefix("USAGE") }, "\(ended.output)")
    }

    @Test("A reader that has enough ends it quietly")
    func brokenPipe() async throws {
        try await LiveWorld.run(extraEntities: 20_000) { live in
            let shell = try Tool(
                [
                    "-c", "{ \"$0\" query \"$1\" Position --json; echo \"status $?\" >&2; } | head -1",
                    Tool.executable.path(), live.server.url,
                ],
                executable: URL(filePath: "/bin/sh"))
            let ended = try await shell.ended()
            #expect(ended.lines.count == 1 && ended.error == "status \(128 + SIGPIPE)\n")
        }
    }
}
