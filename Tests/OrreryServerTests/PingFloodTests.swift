import Foundation
import OrreryClient
import OrreryECS
import OrreryRawPeer
import OrrerySchema
import OrreryServer
import Synchronization
import Testing

/// Pings count as what a client says: whoever floods the server with them is read later.
@Suite(.timeLimit(.minutes(2)))
struct PingFloodTests {
    /// Pings as fast as they are taken, on a thread of its own until it is stopped.
    private final class Flood: Sendable {
        private let isStopped = Atomic(false)
        private let written = Atomic(0)
        private let ended = DispatchSemaphore(value: 0)

        var byteCount: Int { written.load(ordering: .relaxed) }

        init(port: Int) throws {
            Thread { [self] in
                defer { ended.signal() }
                guard let peer = try? RawPeer(port: port) else { return }
                peer.requestUpgrade()
                _ = peer.readHead()
                let pings = [UInt8]((0..<1024).flatMap { _ in [0x89, 0x80, 1, 2, 3, 4] as [UInt8] })
                while !isStopped.load(ordering: .acquiring) {
                    peer.write(pings)
                    written.add(pings.count, ordering: .relaxed)
                }
            }.start()
        }

        func stop() {
            isStopped.store(true, ordering: .releasing)
            ended.wait()
        }
    }

    @Test func aFloodOfPingsIsReadInTurn() async throws {
        var schedule = Schedule()
        schedule.add("move", in: .update, Write<Position>.self) { query, _ in query.forEach { $0.x += 1 } }
        let world = World()
        world.spawn(Position())
        try await LiveWorld.run(over: .webSocket, tickRate: 20, world: world, schedule: schedule) { live in
            let witness = try await live.client.connect()
            let positions = try await witness.subscribe(anyOf: Position.self)
            defer { positions.cancel() }
            let port = try #require(live.server.url.split(separator: ":").last.flatMap { Int($0) })
            let floods = try (0..<4).map { _ in try Flood(port: port) }
            defer { for flood in floods { flood.stop() } }
            // What the system holds of it is full by then.
            let beginning = witness.tick
            try await witness.until { $0.tick > Tick(beginning.rawValue + 20) }
            let (before, start) = (floods.map(\.byteCount), witness.tick.rawValue)
            try await witness.until { $0.tick > Tick(start + 20) }
            let (ticks, after) = (witness.tick.rawValue - start, floods.map(\.byteCount))
            for (before, after) in zip(before, after) {
                #expect(after > 0)
                // A receive buffer in each tick, and as many between them.
                #expect(after - before < Int(ticks) * 3 * (64 << 10), "\(after - before) bytes in \(ticks) ticks")
            }
            #expect(witness.status.lostConnectionCount == 0)
        }
    }
}
