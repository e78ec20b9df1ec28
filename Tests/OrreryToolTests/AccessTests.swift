import Foundation
import OrreryServer
import Testing

@Suite("A token opens what it opens, and is shown to nobody else", .timeLimit(.minutes(2)))
struct AccessTests {
    @Test func aTokenLetsIn() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "orrery-token-\(UUID())").path()
        defer { try? FileManager.default.removeItem(atPath: file) }
        try "open-sesame\r\n".write(toFile: file, atomically: true, encoding: .utf8)
        try await LiveWorld.run(token: "open-sesame") { live in
            let inspect = ["inspect", live.server.url, "--json"]
            let set = ["set", live.server.url, "\(live.sun)", "Body.name=x"]
            for command in [inspect, set] {
                for (extra, environment, status) in [
                    (["--token", "open-sesame"], "", 0), (["--token-file", file], "", 0), ([], "open-sesame", 0),
                    ([], "open-sesame\n", 0), (["--token", "open-sesame\n"], "", 0),
                    (["--token", "open-sesame"], "wrong-sesame", 0), ([], "", 8), (["--token", "wrong-sesame"], "", 8),
                    (["--token", "two sesame"], "", 3), (["--token-file", "/nowhere"], "open-sesame", 64),
                    (["--token", "open-sesame", "--token-file", file], "", 64),
                ] as [([String], String, Int32)] {
                    let ended = try await Tool(command + extra, environment: ["ORRERY_TOKEN": environment]).ended()
                    #expect(ended.status == status, "\(extra): \(ended.error)")
                    #expect(!ended.error.contains("sesame") && !ended.output.contains("sesame"))
                    #expect(ended.error.filter { $0 == "\n" }.count == (status == 0 ? 0 : 1))
                }
            }
        }
    }

    @Test func aFileOfAuthoritiesThatCannotBeReadIsNamed() async throws {
        let ended = try await Tool.run("inspect", "wss://127.0.0.1:1", "--ca", "/nowhere.pem")
        #expect(ended.status == 3)
        #expect(ended.error.contains("/nowhere.pem"))
    }

    @Test func theCodeIsInTheHelp() async throws {
        let ended = try await Tool.run("inspect", "--help")
        #expect(ended.lines.contains { $0.hasPrefix("   8  ") })
        #expect(ended.output.contains("--token-file") && ended.output.contains("--ca"))
    }
}
