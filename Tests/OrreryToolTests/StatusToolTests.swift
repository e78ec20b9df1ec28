import OrreryECS
import OrreryServer
import Testing

@Suite("The tools show the server as they show the world", .timeLimit(.minutes(2)))
struct StatusToolTests {
    @Test("query and inspect read systems, sessions and components")
    func queries() async throws {
        try await LiveWorld.run { live in
            let url = live.server.url
            for command in [["query", url], ["inspect", url, "--once", "--query"]] {
                let table = try await Tool(command + ["orrery.System where orrery.System.entities > 0"]).ended()
                #expect(table.status == 0, "\(table.error)")
                #expect(table.lines.count == 2 && table.lines[0].contains("orrery.System.meanTime"), "\(table.output)")
                #expect(table.lines[1].contains("move") && table.lines[1].contains("Position, Velocity"))
            }
            let json = try await Tool.run("query", url, "orrery.Session", "--json")
            #expect(json.lines.count == 1 && json.output.contains(#""orrery.Session":{"session":"#), "\(json.output)")
            #expect(json.output.contains("v0\","), "no entity of a world: \(json.output)")
            let components = try await Tool.run(
                "query", url, "orrery.Component where orrery.Component.rows = 3", "--csv")
            #expect(components.lines.count == 2 && components.output.contains("Position"), "\(components.output)")
            let both = try await Tool.run("query", url, "Position, orrery.System")
            #expect(both.status == 64 && both.error.contains("no query is of both"), "\(both.error)")
            let explained = try await Tool.run("query", url, "--explain", "orrery.System, !Frozen")
            #expect(explained.lines.first == "query       orrery.System", "\(explained.output)")
        }
    }

    @Test("get reads the resource, whose name has a dot")
    func resource() async throws {
        try await LiveWorld.run { live in
            let url = live.server.url
            let rate = try await Tool.run("get", url, "resource", "orrery.Server.tickRate", "orrery.Server.entities")
            #expect(rate.lines == ["100", "3"], "\(rate.error)")
            let whole = try await Tool.run("get", url, "resource", "orrery.Server")
            #expect(whole.output.contains(#""tickRate":100"#), "\(whole.output)")
            let set = try await Tool.run("set", url, "resource", "orrery.Server.tickRate=5")
            #expect(set.status != 0 && set.error.contains("read-only"), "\(set.error)")
            let all = try await Tool.run("get", url, "resource")
            #expect(!all.output.contains("orrery."), "\(all.output)")
        }
    }

    @Test("A world that is paused is looked at, too")
    func paused() async throws {
        try await LiveWorld.run { live in
            live.server.pause()
            let url = live.server.url
            for _ in 0..<2 {
                let table = try await Tool.run("query", url, "orrery.System", "--json")
                #expect(table.lines.count == 1 && table.output.contains("move"), "\(table.error)")
            }
            let watched = try await Tool.run(
                "inspect", url, "--once", "--query", "orrery.Component where orrery.Component.rows > 0")
            #expect(watched.lines.count == 4, "\(watched.output) \(watched.error)")
        }
    }

    @Test("Everything of the world is without it")
    func everything() async throws {
        try await LiveWorld.run { live in
            let all = try await Tool.run("inspect", live.server.url, "--json")
            #expect(all.lines.count == 3 && !all.output.contains("orrery."), "\(all.output)")
        }
    }
}
