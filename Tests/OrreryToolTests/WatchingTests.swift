import Foundation
import OrreryECS
import OrreryServer
import Testing

@Suite("A watch prints changes, and only changes", .timeLimit(.minutes(2)))
struct WatchingTests {
    @Test("Spawns, values, removals and despawns are seen")
    func everyKind() async throws {
        try await LiveWorld.run { live in
            let tool = try Tool(["inspect", live.server.url, "--watch", "--json"])
            // The earth moves, so the first line says that the watch has begun.
            try await tool.prints("\"1v1\"")
            let ship = try await live.server.perform { world in world.spawn(Body(name: "Ship")) }
            try await tool.prints("\"\(ship)\"", "\"Ship\"")
            try await live.server.perform { world in
                try world.remove(Body.self, from: ship)
                try world.insert(Frozen(), on: ship)
            }
            try await tool.prints("\"\(ship)\"", "Frozen")
            try await live.server.perform { world in try world.despawn(ship) }
            try await tool.prints("\"\(ship)\"", "despawned")
            tool.interrupt()
            let ended = try await tool.ended()
            #expect(ended.status == 0 && !ended.wasSignalled)
            #expect(ended.error == "")
            let changes = try ended.objects().filter { $0["entity"] as? String == "\(ship)" }
            #expect(changes.map { $0["change"] as? String } == ["spawned", "set", "removed", "set", "despawned"])
            #expect(changes.map { $0["component"] as? String } == [nil, "Body", "Body", "Frozen", nil])
            #expect(changes.map { $0["value"] != nil } == [false, true, false, true, false])
            // What was there before, and stands still, was never printed.
            #expect(!ended.output.contains("0v1"))
            let ticks = try ended.objects().compactMap { $0["tick"] as? Int }
            #expect(ticks == ticks.sorted() && ticks.count == ended.lines.count)
        }
    }

    @Test("Without --json it reads as sentences")
    func readable() async throws {
        try await LiveWorld.run { live in
            let ended = try await Tool.run("inspect", live.server.url, "--watch", "--limit", "2")
            #expect(ended.status == 0)
            #expect(ended.lines.count == 2)
            #expect(ended.lines.allSatisfy { $0.hasPrefix("tick ") && $0.contains("  1v1  set  Position  x=1.5 y=") })
        }
    }

    @Test("It ends after the ticks or seconds that were asked for")
    func bounds() async throws {
        try await LiveWorld.run { live in
            let ticks = try await Tool.run("inspect", live.server.url, "--watch", "--json", "--ticks", "100")
            #expect(ticks.status == 0)
            let seen = try ticks.objects().compactMap { $0["tick"] as? Int }
            #expect((seen.last ?? 0) - (seen.first ?? 0) >= 50)
            let started = ContinuousClock.now
            let seconds = try await Tool.run("inspect", live.server.url, "--watch", "--json", "--for", "0.3")
            #expect(seconds.status == 0)
            #expect(ContinuousClock.now - started >= .milliseconds(300))
            #expect(!seconds.lines.isEmpty)
        }
    }

    @Test("A query is watched entity by entity")
    func query() async throws {
        try await LiveWorld.run { live in
            let tool = try Tool(["inspect", live.server.url, "--watch", "--query", "Position, Frozen"])
            // The sun has both, and is made to move until the watch sees it.
            let nudging = Task {
                while !Task.isCancelled {
                    try await live.server.perform { [sun = live.sun] world in
                        try world.update(sun, Position.self) { $0.x += 1 }
                    }
                }
            }
            try await tool.prints("0v1  set  Position")
            nudging.cancel()
            try await live.server.perform { [earth = live.earth] world in try world.insert(Frozen(), on: earth) }
            try await tool.prints("1v1  entered")
            try await tool.prints("1v1  entered  Position")
            try await tool.prints("1v1  entered  Frozen")
            try await live.server.perform { [earth = live.earth] world in
                _ = try world.remove(Frozen.self, from: earth)
            }
            try await tool.prints("1v1  left")
            tool.interrupt(SIGTERM)
            let ended = try await tool.ended()
            #expect(ended.status == 0 && !ended.wasSignalled)
            #expect(!ended.output.contains("Body"))
            #expect(ended.lines.first?.contains("  0v1  set  Position  ") == true)
            // Nothing of the earth before it had both, or after.
            let earth = ended.lines.filter { $0.contains("  1v1  ") }
            #expect(earth.first?.hasSuffix("1v1  entered") == true)
            #expect(earth.last?.hasSuffix("1v1  left") == true)
        }
    }

    @Test("The watch of one entity ends with it")
    func entity() async throws {
        try await LiveWorld.run { live in
            let tool = try Tool(["inspect", live.server.url, "--watch", "--entity", "\(live.earth)"])
            try await tool.prints("1v1  set  Position")
            try await live.server.perform { [earth = live.earth] world in try world.despawn(earth) }
            let ended = try await tool.ended()
            #expect(ended.status == 0)
            #expect(ended.lines.last?.hasSuffix("1v1  despawned") == true)
            #expect(ended.lines.allSatisfy { $0.contains("  1v1  ") })
        }
    }
}
