import ArgumentParser
import BenchmarkReport
import Foundation
import OrreryClient
import OrrerySchema
import OrreryWebSocket
import Synchronization

struct Position: Component { var x: Float = 0, y: Float = 0, heading: Float = 0 }

/// Clients as users have them, each of which looks at a part of the square that moves on and on.
@main
struct BenchCameras: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-cameras",
        abstract: "Move regions over the crowd of a benchmark server; then print one line of JSON.")

    @Argument(help: "The server's address.")
    var url: String

    @Option(help: ArgumentHelp("How many clients.", valueName: "count"))
    var clients = 100

    @Option(help: ArgumentHelp("How many times a second each moves its region.", valueName: "hz"))
    var rate = 20.0

    @Option(help: ArgumentHelp("For how long.", valueName: "seconds"))
    var seconds = 60.0

    private static let (side, radius) = (1000.0, 56.0)

    private final class Counts: Sendable {
        let moves = Atomic(0)
        let superseded = Atomic(0)
        let entities = Atomic(0)
    }

    func run() async throws {
        let counts = Counts()
        try await withThrowingTaskGroup { group in
            for number in 0..<clients {
                group.addTask {
                    let client = SimulationClient(url: url, transport: .webSocket, name: "camera-\(number)")
                    try await client.withConnection { try await move(number, $0, counts) }
                }
            }
            // What is refused ends the program.
            try await group.waitForAll()
        }
        let report = CamerasReport(
            moves: counts.moves.load(ordering: .relaxed), superseded: counts.superseded.load(ordering: .relaxed),
            entities: counts.entities.load(ordering: .relaxed))
        print(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))
    }

    /// One camera goes round the middle, a metre at a time, whether the last move is done or not.
    private func move(_ number: Int, _ connection: ClientConnection, _ counts: Counts) async throws {
        func region(_ step: Int) -> QueryRegion {
            let distance = Self.side / 2 * (0.2 + 0.6 * Double(number) / Double(clients))
            let angle = Double(number) + Double(step) / distance
            return .radius(
                Self.radius, x: Self.side / 2 + distance * cos(angle), y: Self.side / 2 + distance * sin(angle))
        }
        let query = try await connection.query(Position.self, within: region(0))
        let clock = ContinuousClock()
        let start = clock.now
        try await withThrowingDiscardingTaskGroup { group in
            for step in 1...max(1, Int(seconds * rate)) {
                try await clock.sleep(until: start + .seconds(Double(step) / rate))
                let next = region(step)
                group.addTask {
                    do {
                        try await query.replace(within: next)
                        counts.moves.add(1, ordering: .relaxed)
                    } catch let error as ClientError where error.code == .superseded {
                        counts.superseded.add(1, ordering: .relaxed)
                    }
                }
            }
        }
        counts.entities.add(query.entities.count, ordering: .relaxed)
    }
}
