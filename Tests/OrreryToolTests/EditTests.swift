import OrreryECS
import OrreryServer
import Testing

@Suite("orrery get, spawn, insert, remove and despawn", .timeLimit(.minutes(2)))
struct EditTests {
    @Test("An entity's life, from a script")
    func life() async throws {
        try await LiveWorld.run { live in
            let url = live.server.url
            let spawned = try await Tool.run("spawn", url, "Place.row=3", "Place.column=4")
            #expect(spawned.status == 0, "\(spawned.error)")
            let entity = spawned.lines[0]
            let whole = try await Tool.run("get", url, entity)
            #expect(whole.output == #"{"entity":"\#(entity)","Place":{"row":3,"column":4}}"# + "\n")
            let field = try await Tool.run("get", url, entity, "Place.row", "Place", "Body")
            #expect(field.lines == ["3", #"{"row":3,"column":4}"#, "null"])

            let set = try await Tool.run("set", url, entity, "Place.row=5", "Place.column=6")
            #expect(set.lines == ["\(entity) Place.row: 3 -> 5", "\(entity) Place.column: 4 -> 6"])
            let inserted = try await Tool.run("insert", url, entity, "Body.name=rock", "Place.row=9")
            #expect(inserted.lines == ["\(entity) Body inserted", "\(entity) Place inserted"], "\(inserted.error)")
            let both = try await Tool.run("get", url, entity, "Body.name", "Place")
            #expect(both.lines == [#""rock""#, #"{"row":9,"column":0}"#], "what is not given has its default")
            #expect(try await Tool.run("remove", url, entity, "Body").lines == ["\(entity) Body removed"])
            #expect(try await Tool.run("get", url, entity, "Body").lines == ["null"])
            #expect(try await Tool.run("despawn", url, entity).lines == ["\(entity) despawned"])
            #expect(try await Tool.run("get", url, entity).status == 6)
            #expect(try await Tool.run("despawn", url, entity).status == 6)
        }
    }

    @Test("The same exit codes as the other commands")
    func mistakes() async throws {
        try await LiveWorld.run { live in
            let url = live.server.url
            let entity = try await live.server.perform { "\($0.spawn(Place()))" }
            #expect(try await Tool.run("spawn", url, "Mass.grams=1").status == 4)
            #expect(try await Tool.run("spawn", url, "Place.row=much").status == 64)
            #expect(try await Tool.run("spawn", url, "Position.x=1").status == 7, "read-only for clients")
            #expect(try await Tool.run("insert", url, entity, "Position").status == 7)
            #expect(try await Tool.run("remove", url, entity, "Body").status == 4)
            #expect(try await Tool.run("get", url, entity, "Place.depth").status == 4)
            #expect(try await Tool.run("get", url, "rock").status == 64)
            #expect(try await Tool.run("despawn", url, "9").status == 64)
            #expect(try await Tool.run("despawn", "127.0.0.1:9", entity).status == 3)
        }
    }

    /// Where port 7600 is taken by a server of somebody else, the entity is not known there.
    @Test(
        "Without a URL, the world at this machine's port 7600",
        arguments: [
            ["get", "--timeout", "5", "9v9"], ["set", "9v9", "A.b=1"], ["set", "resource", "A.b=1"],
            ["spawn", "A.b=1"],
        ])
    func noURL(_ arguments: [String]) async throws {
        let ended = try await Tool(arguments).ended()
        #expect([3, 4, 6, 7].contains(ended.status))
        if ended.status == 3 { #expect(ended.error.contains("ws://127.0.0.1:7600")) }
    }

    /// An option that is not known to have a value would have its value taken for the URL.
    @Test("Without a URL, any option may come first")
    func noURLBehindOptions() async throws {
        let help = try await Tool.run("get", "--help")
        let options = help.output.matches(of: /(--[a-z-]+) <[a-z]+>/).map { String($0.output.1) }
        #expect(Set(options).isSuperset(of: ["--timeout", "--token", "--name"]))
        for option in Set(options) {
            let ended = try await Tool.run("get", option, option == "--timeout" ? "5" : "x", "9v9")
            // The file with a token cannot be read.
            #expect(option == "--token-file" ? ended.status == 64 : [3, 4, 6].contains(ended.status), "\(option)")
            #expect(!ended.error.contains("<entity>"), "\(option): \(ended.error)")
        }
    }

    @Test("A number is a port of this machine, and --name what the server is told")
    func portAndName() async throws {
        try await LiveWorld.run { live in
            let port = try #require(live.server.url.split(separator: ":").last.map(String.init))
            let entity = try await live.server.perform { "\($0.spawn(Place()))" }
            #expect(try await Tool.run("get", port, entity, "Place.row").lines == ["0"])
            let named = try await Tool.run("set", port, entity, "Place.row=1", "--name", "pilot")
            #expect(named.status == 0, "\(named.error)")
        }
    }

    @Test("Fields of one component are written together, or not at all")
    func together() async throws {
        try await LiveWorld.run { live in
            let entity = try await live.server.perform { $0.spawn(Place()) }
            let ended = try await Tool.run("set", live.server.url, "\(entity)", "Place.row=1", "Place.column=much")
            #expect(ended.status == 64)
            #expect(try await live.server.perform { $0[entity, Place.self]?.row } == 0)
        }
    }
}
