/// Waits for `body`, at most for `limit`.
/// - Throws: `error` when the time is over, and any error that `body` throws.
func within<R: Sendable>(
    _ limit: Duration, else error: ToolError, _ body: @escaping @Sendable () async throws -> R
) async throws -> R {
    try await withThrowingTaskGroup(of: R.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw error
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw error }
        return result
    }
}
