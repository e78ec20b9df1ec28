import Logging
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryWebSocket

/// What ranks are made of.
struct Score: Component { var points: Int32 = 0 }

extension BenchServer {
    /// Entities with a score each. In each tick a share of them, which lie apart, get other random ones; and as many of
    /// the highest as are to fall get low ones.
    func makeRanked(_ clock: TickClock, _ logger: Logger) throws -> SimulationServer {
        let world = World()
        let board = Board((0..<entities).map { _ in world.spawn(Score()) }, falling: falling, in: world)
        let count = changedCount
        var schedule = Schedule()
        schedule.add("clock", in: .input) { _, context in clock.begin(context.tick) }
        schedule.add("change", in: .update) { world, _ in board.runTick(changing: count, in: world) }
        return try SimulationServer(
            world: world, schedule: schedule, configuration: .init(tickRate: .hertz(rate)),
            transport: .webSocket(port: 0), logger: logger
        ) { try $0.register(Score.self) }
    }
}

/// The scores, as the world has them.
///
/// `@unchecked Sendable`: one thread uses it, the ticks'.
private final class Board: @unchecked Sendable {
    private let all: [Entity]
    private let falling: Int
    private var points: [Int32]
    private var random: UInt64 = 1
    private var next = 0
    /// Prime to the number of entities, so that all have their turn.
    private static let stride = 7919
    private static let pointsMax: Int32 = 1_000_000

    init(_ all: [Entity], falling: Int, in world: World) {
        (self.all, self.falling, points) = (all, falling, Array(repeating: 0, count: all.count))
        let scores = world.accessor(Score.self)
        for number in all.indices { set(number, to: randomPoints(), scores) }
    }

    /// Source: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016.
    private func randomPoints() -> Int32 {
        random ^= random >> 12
        random ^= random << 25
        random ^= random >> 27
        return Int32((random &* 0x2545_F491_4F6C_DD1D) >> 33) % Self.pointsMax
    }

    private func set(_ number: Int, to value: Int32, _ scores: Accessor<Score>) {
        points[number] = value
        // All live as long as the world does.
        try! scores.update(all[number]) { $0.points = value }
    }

    func runTick(changing count: Int, in world: World) {
        let scores = world.accessor(Score.self)
        for number in highest(falling) { set(number, to: randomPoints() / 2, scores) }
        for _ in 0..<count {
            set(next, to: randomPoints(), scores)
            next = (next + Self.stride) % all.count
        }
    }

    /// Those with the most points.
    private func highest(_ count: Int) -> [Int] {
        guard count > 0 else { return [] }
        var found: [Int] = []
        var least = Int32.min
        for number in points.indices where points[number] > least {
            found.append(number)
            guard found.count == 2 * count else { continue }
            found.sort { points[$0] > points[$1] }
            found.removeLast(count)
            least = points[found[count - 1]]
        }
        return Array(found.sorted { points[$0] > points[$1] }.prefix(count))
    }
}
