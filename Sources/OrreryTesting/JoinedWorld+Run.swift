import Synchronization

/// The code given to ``JoinedWorld/run(ticksMax:_:)`` did not end.
public struct StillWaiting: Error, CustomStringConvertible {
    /// The number of ticks that passed.
    public let ticks: Int
    /// What the clients waited for, one sentence for each.
    public let waits: [String]

    public var description: String {
        let sentence =
            "what was run still waits after \(ticks) ticks, for something that does not come, or needs more of "
            + "them (ticksMax)"
        let known =
            waits.isEmpty
            ? "no client waits for an answer, so a loop over batches waits for a change, or the code sleeps, which "
                + "passes no ticks" : waits.joined(separator: "; ")
        return "\(sentence): \(known)"
    }
}

extension JoinedWorld {
    /// Runs code that waits for clients of this world, on the calling thread. It runs whatever is ready; if nothing is,
    /// it delivers messages on the way; if there are none, it runs a tick. So the same calls, with the same
    /// `World.seed`, give the same bytes.
    ///
    /// ```swift
    /// let client = try joined.connect()
    /// try joined.run {
    ///     let ship = try await client.connection.enqueue(.spawn(Position())).outcome.entities[0]
    ///     let view = try await client.connection.view(of: Position.self, for: ship)
    ///     #expect(view.value == Position())
    /// }
    /// ```
    /// - Parameters:
    ///   - ticksMax: The maximum number of ticks.
    ///   - body: Waits only for clients of this world.
    /// - Throws: Any error that `body` throws; ``StillWaiting`` if more ticks would be needed. In that case the task of
    ///   `body` was cancelled.
    /// - Precondition: `body` ends within `ticksMax` further ticks after being cancelled.
    public func run<R>(ticksMax: Int = 1000, _ body: () async throws -> R) throws -> R {
        try runStepping(ticksMax: ticksMax, deliver: deliver, waits: { clients.compactMap(\.waits) }, body) {
            tick()
            passTime(.zero)
        }
    }
}

extension RawServer {
    /// Runs code that waits for the client, as ``JoinedWorld/run(ticksMax:_:)`` does. A tick takes 10 ms.
    /// - Throws: Any error that `body` throws; ``StillWaiting`` if more ticks would be needed.
    public func run<R>(ticksMax: Int = 1000, _ body: () async throws -> R) throws -> R {
        try runStepping(ticksMax: ticksMax, deliver: deliver, waits: { client.waits.map { [$0] } ?? [] }, body) {
            passTime(.milliseconds(10))
        }
    }
}

/// - Parameters:
///   - deliver: Returns whether anything was on the way.
///   - waits: What the clients wait for, one sentence for each.
///   - tick: Called if nothing is ready and nothing is on the way.
private func runStepping<R>(
    ticksMax: Int, deliver: () -> Bool, waits: () -> [String], _ body: () async throws -> R, tick: () -> Void
) throws -> R {
    try withoutActuallyEscaping(body) { body in
        let executor = StepExecutor()
        // Only run by this thread, during this call.
        nonisolated(unsafe) let work = body
        nonisolated(unsafe) var result: Result<R, any Error>?
        let task = Task(executorPreference: executor) {
            do { result = .success(try await work()) } catch { result = .failure(error) }
        }
        var ticks = 0
        var waitsAtEnd: [String] = []
        while true {
            if executor.runReady() { continue }
            if let result {
                if ticks > ticksMax { throw StillWaiting(ticks: ticksMax, waits: waitsAtEnd) }
                return try result.get()
            }
            if deliver() { continue }
            precondition(ticks <= 2 * ticksMax, "what was run does not end where it is cancelled")
            if ticks == ticksMax {
                waitsAtEnd = waits()
                task.cancel()
            }
            ticks += 1
            tick()
        }
    }
}

/// Keeps ready jobs until told to run them.
private final class StepExecutor: TaskExecutor {
    private let ready = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        ready.withLock { $0.append(job) }
    }

    /// - Returns: whether anything was ready.
    func runReady() -> Bool {
        let jobs = ready.withLock { ready in
            defer { ready = [] }
            return ready
        }
        for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
        return !jobs.isEmpty
    }
}
