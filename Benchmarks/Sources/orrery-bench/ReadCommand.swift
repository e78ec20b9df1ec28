import ArgumentParser
import CAllocationCounter
import CPlainTwin
import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting

private struct Position: Component { var x: Float = 0, y: Float = 0, z: Float = 0 }

/// `orrery-bench read`: what a client pays to read what is here, in one process with its server over a simulated
/// network, so that nothing arrives while it is measured.
struct ReadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read",
        abstract: "Measure reads of a client beside plain C: nanoseconds and allocations per value.",
        discussion: """
            Values of three Floats, whose layout in the program is that of the wire, entities in random order. \
            Nanoseconds of processor time of the reading thread, the median of the samples.
            """)

    @Flag(help: "One JSON object a line.")
    var json = false

    @Option(help: ArgumentHelp("Samples per row.", valueName: "count"))
    var samples = 9

    @Option(help: ArgumentHelp("Entities.", valueName: "count"))
    var size = 10_000

    func validate() throws {
        guard (1...1000).contains(samples) else { throw ValidationError("--samples must be 1 to 1000.") }
        guard (1...1_000_000).contains(size) else { throw ValidationError("--size must be 1 to 1000000.") }
    }

    /// Guard: one thread measures.
    private nonisolated(unsafe) static let counts = UnsafeMutableBufferPointer<allocation_count>.allocate(
        capacity: Int(ALLOCATION_THREAD_COUNT_MAX))

    func run() throws {
        let world = World()
        for number in 0..<size { world.spawn(Position(x: Float(number), y: 1, z: 2)) }
        let joined = try JoinedWorld(world: world) { try $0.register(Position.self) }
        joined.tick()
        let client = try joined.connect()
        let (view, followed) = try joined.run {
            let view = try await client.connection.view(of: Position.self)
            let entities = view.entities
            return (view, try await client.connection.view(of: Position.self, for: entities[entities.count / 2]))
        }
        var generator = SeededGenerator(seed: 42)
        let order = view.entities.shuffled(using: &generator)
        let connection = client.connection
        let floor = Floor(order)
        var output = Output(asJSON: json)
        output.write(measure("view", floor) { order.reduce(into: Float(0)) { $0 += view[$1]?.x ?? 0 } })
        output.write(
            measure("entity_view", floor) { order.reduce(into: Float(0)) { sum, _ in sum += followed.value?.x ?? 0 } })
        output.write(
            measure("snapshot", floor) {
                connection.withSnapshot { now in
                    order.reduce(into: Float(0)) { $0 += now[$1, Position.self]?.x ?? 0 }
                }
            })
    }

    private func measure(_ name: String, _ floor: Floor, _ body: () -> Float) -> Result {
        var (times, floorTimes): ([Double], [Double]) = ([], [])
        var allocations: UInt64 = 0
        // The first round warms caches and bindings up and does not count.
        for round in 0...samples {
            let floorTime = time { floor.read() }
            let before = allocationCount()
            let ours = time(body)
            guard round > 0 else { continue }
            allocations += allocationCount() - before
            times.append(ours)
            floorTimes.append(floorTime)
        }
        let (ns, floorNanoseconds) = (times.sorted()[samples / 2], floorTimes.sorted()[samples / 2])
        var result = Result()
        result.set("name", name)
        result.set("n", size)
        result.set("ns", ns, digits: 1)
        result.set("floor_ns", floorNanoseconds, digits: 1)
        result.set("ratio", ns / floorNanoseconds, digits: 1)
        result.set("allocations", Double(allocations) / Double(samples * size), digits: 4)
        return result
    }

    /// Nanoseconds per entity.
    private func time(_ body: () -> Float) -> Double {
        let start = twin_thread_time()
        withExtendedLifetime(body()) {}
        return Double(twin_thread_time() - start) / Double(size)
    }

    /// Calls of `malloc` and its kin by all threads. Allocates nothing itself.
    private func allocationCount() -> UInt64 {
        let known = allocation_counts(Self.counts.baseAddress, Self.counts.count)
        return Self.counts.prefix(known).reduce(0) { $0 + $1.allocation_count }
    }
}

/// The same reads in plain C: through the entity's slot, the generation checked.
private struct Floor {
    private let order: [twin_entity]
    private let rows: [twin_entity]
    private let positions: [twin_vector]

    init(_ entities: [Entity]) {
        order = entities.map { twin_entity(index: $0.index, generation: $0.generation) }
        let slotCount = Int(entities.map(\.index).max() ?? 0) + 1
        var rows = Array(repeating: twin_entity(index: 0, generation: 0), count: slotCount)
        for entity in entities {
            rows[Int(entity.index)] = twin_entity(index: entity.index, generation: entity.generation)
        }
        self.rows = rows
        positions = (0..<slotCount).map { twin_vector(x: Float($0), y: 1, z: 2) }
    }

    func read() -> Float { twin_random_get(order, order.count, rows, positions) }
}
