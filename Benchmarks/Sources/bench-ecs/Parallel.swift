// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import CPlainTwin
import Dispatch
import OrreryECS

/// What two threads gain, in time that passes: in place of the floor stands the same work on one thread.
enum Parallel {
    static let benchmarks = [integrate, plainC]

    private static let step: Float = 1.0 / 60
    /// 1.6 times as fast.
    private static let goal = Benchmark.Goal.ratio(0.625)

    private static let integrate = Benchmark("parallel", counts: [1_000_000], goal: goal) { count in
        let (world, _) = makeMovers(count)
        world.track(Position.self)
        let query = world.query(Write<Position>.self, Read<Velocity>.self)
        func sample(_ threadCount: Int) -> Benchmark.Sample {
            { watch in
                watch.runOnThreads {
                    query.forEachPart(threadCount: threadCount) { part in
                        part.forEach { position, velocity in
                            position.x += velocity.x * step
                            position.y += velocity.y * step
                            position.z += velocity.z * step
                        }
                    }
                }
                return count
            }
        }
        return (ours: sample(2), floor: sample(1))
    }

    /// The same in plain C, where only memory can be in the way: what this machine gives.
    private static let plainC = Benchmark("parallel_c", counts: [1_000_000], goal: goal, at: [0]) { count in
        let plain = PlainArrays(count)
        // As many parts as ours has, so that a thread that wakes late still gets some.
        let part = 16 * 1024
        nonisolated(unsafe) let arrays = plain
        @Sendable func move(_ number: Int) {
            let first = number * part
            twin_integrate(arrays.positions + first, arrays.velocities + first, min(part, count - first), step)
        }
        let partCount = (count + part - 1) / part
        return (
            ours: { watch in
                watch.runOnThreads { DispatchQueue.concurrentPerform(iterations: partCount) { move($0) } }
                return count
            },
            floor: { watch in
                watch.runOnThreads { for number in 0..<partCount { move(number) } }
                return count
            }
        )
    }
}
