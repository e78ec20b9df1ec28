import Dispatch
import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Synchronization
import Testing

@Suite("Who reads batches on an actor does not leave it for each")
struct HopTests {
    /// Runs an actor's jobs, and counts them.
    private final class CountingExecutor: SerialExecutor {
        private let queue = DispatchQueue(label: "counting")
        private let count = Atomic(0)

        var jobCount: Int { count.load(ordering: .sequentiallyConsistent) }

        func enqueue(_ job: consuming ExecutorJob) {
            count.add(1, ordering: .sequentiallyConsistent)
            let job = UnownedJob(job)
            queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
        }
    }

    private actor Reader {
        private let executor: CountingExecutor

        init(_ executor: CountingExecutor) {
            self.executor = executor
        }

        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

        /// - Returns: The batches up to a tick, and the jobs of this actor from the first of them on.
        func read(_ batches: BatchSequence, to tick: Tick) async throws(ClientError) -> (batches: Int, jobs: Int) {
            let jobsBefore = executor.jobCount
            var count = 0
            for try await batch in batches {
                count += 1
                if batch.tick >= tick { break }
            }
            return (count, executor.jobCount - jobsBefore)
        }
    }

    @Test func batchesThatWaitAreTakenInOneJob() async throws {
        let joined = try JoinedWorld { try $0.register(Position.self) }
        joined.world.spawn(Position(x: 1))
        joined.tick()
        let client = try joined.connect()
        let view = try joined.run { try await client.connection.view(of: Position.self) }
        let batches = view.batches
        for number in 0..<40 {
            joined.world.query(Write<Position>.self).forEach { $0.x = Float(number) }
            joined.tick()
        }
        let reader = Reader(CountingExecutor())
        let (count, jobs) = try await reader.read(batches, to: client.tick)
        #expect(count >= 40)
        #expect(jobs == 0)
    }
}
