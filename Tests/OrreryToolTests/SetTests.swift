import OrreryECS
import OrreryServer
import Testing

@Suite("orrery set writes fields, and says what the server thinks of it", .timeLimit(.minutes(2)))
struct SetTests {
    @Test("0: a field is written")
    func aField() async throws {
        try await LiveWorld.run { live in
            let entity = try await live.server.perform { $0.spawn(Body(name: "x"), Place()) }
            let ended = try await Tool.run(
                "set", live.server.url, "\(entity)", "Place.row=-3", "Body.name=a new name")
            #expect(ended.status == 0, "\(ended.error)")
            let (name, row) = try await live.server.perform {
                ($0[entity, Body.self]?.name, $0[entity, Place.self]?.row)
            }
            #expect(name == "a new name")
            #expect(row == -3)
        }
    }

    @Test("7: refused, with the server's reason")
    func refused() async throws {
        try await LiveWorld.run { live in
            let entity = try await live.server.perform { $0.spawn(Position()) }
            let ended = try await Tool.run("set", live.server.url, "\(entity)", "Position.x=1")
            #expect(ended.status == 7)
            #expect(ended.error == "orrery: Position is read-only for clients\n")
        }
    }

    @Test("6: no such entity; 4: no such field; 64: no such value, or no assignment")
    func mistakes() async throws {
        try await LiveWorld.run { live in
            let entity = try await live.server.perform { $0.spawn(Body(), Place()) }
            #expect(try await Tool.run("set", live.server.url, "99v9", "Place.row=1").status == 6)
            let field = try await Tool.run("set", live.server.url, "\(entity)", "Body.weight=1")
            #expect(field.status == 4)
            #expect(field.error.contains("has no field 'Body.weight'"))
            let value = try await Tool.run("set", live.server.url, "\(entity)", "Place.row=much")
            #expect(value.status == 64)
            #expect(value.error.contains("'much' is no Int32"))
            #expect(try await Tool.run("set", live.server.url, "\(entity)", "Place.row").status == 64)
        }
    }

    @Test("64: a number that the field cannot hold; the message says the range", .bug(id: "o06", "no range is named"))
    func overflow() async throws {
        try await LiveWorld.run { live in
            let entity = try await live.server.perform { $0.spawn(Place()) }
            let ended = try await Tool.run("set", live.server.url, "\(entity)", "Place.row=3000000000")
            #expect(ended.status == 64)
            #expect(ended.error.contains("-2147483648") && ended.error.contains("2147483647"), "\(ended.error)")
        }
    }
}
