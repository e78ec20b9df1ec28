import OrreryECS
import OrreryServer
import Testing

@Suite(
    "The tools name resources by the word in the place of an entity, and show them by a query", .timeLimit(.minutes(2)))
struct ResourceToolTests {
    @Test("get, set, insert, remove")
    func edit() async throws {
        try await LiveWorld.run { live in
            let url = live.server.url
            #expect(try await Tool.run("get", url, "resource", "Score").lines == ["null"])
            let missing = try await Tool.run("set", url, "resource", "Score.points=5")
            #expect(missing.status == 4 && missing.error.contains("the world has no Score"), "\(missing.error)")
            let inserted = try await Tool.run("insert", url, "resource", "Score.points=3")
            #expect(inserted.lines == ["resource Score inserted"], "\(inserted.error)")
            let set = try await Tool.run("set", url, "resource", "Score.points=5", "Score.best=9")
            #expect(set.lines == ["resource Score.points: 3 -> 5", "resource Score.best: 7 -> 9"], "\(set.error)")
            #expect(try await live.server.perform { $0.resource(Score.self)?.points } == 5)
            #expect(
                try await Tool.run("get", url, "resource", "Score.points", "Score").lines == [
                    "5", #"{"points":5,"best":9}"#,
                ])
            let whole = try await Tool.run("get", url, "resource")
            #expect(whole.lines == [#"{"entity":null,"Score":{"points":5,"best":9}}"#])
            #expect(try await Tool.run("remove", url, "resource", "Score").lines == ["resource Score removed"])
            #expect(try await live.server.perform { $0.resource(Score.self) == nil })
        }
    }

    @Test("A resource has no entity, and a component has one")
    func mistakes() async throws {
        try await LiveWorld.run { live in
            let entity = "\(live.sun)"
            let owned = try await Tool.run("insert", live.server.url, entity, "Score.points=1")
            #expect(owned.status == 4 && owned.error.contains("Score is a resource"), "\(owned.error)")
            #expect(try await Tool.run("insert", live.server.url, "resource", "Place.row=1").status == 6)
            #expect(try await Tool.run("despawn", live.server.url, "resource").status == 64)
        }
    }

    @Test("inspect shows it as a table, as JSON and as CSV")
    func inspect() async throws {
        try await LiveWorld.run { live in
            let url = live.server.url
            try await live.server.perform { $0.insertResource(Score(points: 5)) }
            let table = try await Tool.run("inspect", url, "--once", "--query", "resource Score")
            #expect(
                table.lines.map { $0.split(separator: " ").map(String.init) } == [
                    ["entity", "Score.points", "Score.best"], ["-", "5", "7"],
                ], "\(table.error)")
            let json = try await Tool.run("inspect", url, "--json", "--query", "resource Score where Score.points > 4")
            #expect(json.lines == [#"{"entity":null,"Score":{"points":5,"best":7}}"#])
            let csv = try await Tool.run("inspect", url, "--csv", "--query", "resource Score")
            #expect(csv.lines == ["entity,Score.points,Score.best", ",5,7"])
            let all = try await Tool.run("inspect", url, "--json")
            #expect(all.lines.count == 3 && !all.output.contains("Score"))
            let none = try await Tool.run("inspect", url, "--json", "--query", "resource Score where Score.points > 5")
            #expect(none.status == 0 && none.output.isEmpty)
        }
    }
}
