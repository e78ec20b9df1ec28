import OrreryClient
import OrreryInspector
import OrrerySchema

/// Prints the changes of a world as they happen.
struct Watching: Sendable {
    /// When a watch ends by itself: at the first of these bounds.
    struct Bound: Sendable {
        var time: Duration?
        var ticks: UInt64?
    }

    var request: Request
    var form: ChangeFormat.Form
    var bound: Bound

    /// Watches until the bound or a signal; a signal is the normal way to end a watch.
    func run() async throws {
        let watch = Task { try await printChanges() }
        // A second signal has its default effect, in case the first one waits for a reader of our output that does not
        // read.
        let interruption = Interruption(Interruption.ending) {
            watch.cancel()
            for number in Interruption.ending { Interruption.restore(number) }
        }
        defer { withExtendedLifetime(interruption) {} }
        do {
            try await watch.value
        } catch is CancellationError {
            // Interrupted before the watch began.
        }
    }

    private func printChanges() async throws {
        let (connection, _) = try await request.connect()
        defer { connection.close() }
        let batches = try await request.query(connection).batches
        guard let time = bound.time else { return try await print(batches) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await print(batches) }
            group.addTask { try await Task.sleep(for: time) }
            try await group.next()
            group.cancelAll()
        }
    }

    private func print(_ batches: BatchSequence) async throws {
        var format = ChangeFormat(form)
        var first: Tick?
        var lineCount = 0
        var out: [UInt8] = []
        watching: for try await batch in batches {
            let changes = batch.changes
            if first == nil {
                // What is there already.
                first = batch.tick
            } else {
                for change in changes where Self.isNews(change) {
                    format.append(change, at: batch.tick, to: &out)
                    lineCount += 1
                    if lineCount == request.changeLimit { break }
                }
                try Output.write(out, form == .json ? .json : .plain)
                out.removeAll(keepingCapacity: true)
                if lineCount == request.changeLimit { break watching }
                // A despawned entity never comes back: nothing more can happen to it.
                if let entity = request.entity,
                    changes.contains(where: { $0.entity == entity && $0.component == nil && $0.cause == .despawned })
                {
                    break
                }
            }
            if let ticks = bound.ticks, let first, batch.tick.ticks(since: first) >= ticks { break }
        }
        if let warning = format.undecodable.warning { throw ToolError(.protocolTrouble, warning) }
    }

    /// Whether a change is printed: that an entity goes says that its components go.
    private static func isNews(_ change: Change) -> Bool {
        change.component == nil || change.cause.isShown || change.cause == .removed
    }
}
