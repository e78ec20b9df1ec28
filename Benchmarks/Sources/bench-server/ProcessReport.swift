import BenchmarkReport
import CAllocationCounter
import CBenchmarkSupport
import Foundation
import OrreryServer

/// What this process has used so far, by thread.
enum ProcessReport {
    /// Writes one line of JSON to standard output.
    static func write(_ statistics: SimulationStatistics) {
        let report = ServerReport(
            time: bench_now(), tickCount: statistics.tickCount, lateTickCount: statistics.lateTickCount,
            skippedTickCount: statistics.skippedTickCount,
            tickTime: UInt64(statistics.totalTickDuration / .nanoseconds(1)), residentSize: bench_resident_size(),
            threads: threads())
        guard var line = try? JSONEncoder().encode(report) else { return }
        line.append(UInt8(ascii: "\n"))
        FileHandle.standardOutput.write(line)
    }

    /// All threads but the calling one, which would measure the measuring.
    private static func threads() -> [ServerReport.Thread] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        let own = bench_thread_id()
        // Times first, and at once.
        var threads = names.compactMap(Int32.init).sorted().filter { $0 != own }.map { id in
            ServerReport.Thread(id: id, name: "", processorTime: bench_thread_time(id))
        }
        let allocations = allocationCounts()
        for position in threads.indices {
            let id = threads[position].id
            let name = (try? String(contentsOfFile: "/proc/self/task/\(id)/comm", encoding: .utf8)) ?? ""
            threads[position].name = name.trimmingCharacters(in: .newlines)
            let count = allocations.first { $0.thread == id }
            threads[position].allocationCount = count?.allocation_count ?? 0
            threads[position].allocatedSize = count?.allocated_size ?? 0
            threads[position].freeCount = count?.free_count ?? 0
        }
        return threads
    }

    private static func allocationCounts() -> [allocation_count] {
        let capacity = Int(ALLOCATION_THREAD_COUNT_MAX)
        return [allocation_count](unsafeUninitializedCapacity: capacity) { buffer, count in
            count = allocation_counts(buffer.baseAddress, capacity)
        }
    }
}
