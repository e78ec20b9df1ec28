import Foundation
import Testing

/// The server of the README (`Examples/DriftServer`), as a service manager starts it. Its port is one, 7600, so one at
/// a time.
@Suite("The server of the README, as a program", .serialized, .timeLimit(.minutes(2)))
struct ReadmeServerTests {
    private static let port: UInt16 = 7600

    /// - Parameter isHeard: or else whoever read its output is gone.
    private func start(isHeard: Bool = true) throws -> Tool {
        // The backtrace of a crash takes longer than a test may.
        let environment = ["SWIFT_BACKTRACE": "enable=no"]
        let program = Tool.program("DriftServer")
        guard !isHeard else { return try Tool([], environment: environment, executable: program) }
        // A pipe whose reader ends at once.
        return try Tool(
            ["-c", "exec \"$0\" > >(true)", program.path()], environment: environment,
            executable: URL(filePath: "/bin/bash"))
    }

    /// Starts it, again while others have its port, until a client gets in.
    private func serve(isHeard: Bool = true) async throws -> Tool {
        let deadline = ContinuousClock.now + .seconds(60)
        var server = try start(isHeard: isHeard)
        while ContinuousClock.now < deadline {
            let client = try await Tool.run("inspect", "ws://127.0.0.1:\(Self.port)", "--once")
            if client.status == 0, server.isRunning { return server }
            if !server.isRunning { server = try start(isHeard: isHeard) }
        }
        throw Tool.DeadlineExceeded(description: "no client got in")
    }

    @Test("Its address is in a pipe as soon as it listens", .bug(id: "o09", "it waits in a buffer"))
    func addressIntoAPipe() async throws {
        let server = try await serve()
        try await server.output("its address", within: .seconds(5)) { $0.hasPrefix("ws://127.0.0.1:") }
        // Nothing to renew, and no end.
        server.interrupt(SIGHUP)
        #expect(try await Tool.run("inspect", "ws://127.0.0.1:\(Self.port)", "--once").status == 0)
        server.interrupt(SIGTERM)
        let ended = try await server.ended()
        #expect(ended.status == 0 && !ended.wasSignalled)
    }

    @Test("It goes on where nobody reads its output")
    func outputWithoutAReader() async throws {
        let server = try await serve(isHeard: false)
        server.interrupt(SIGTERM)
        let ended = try await server.ended()
        #expect(ended.status == 0 && !ended.wasSignalled)
    }

    @Test("A port in use is a sentence and a failure, no crash", .bug(id: "o10", "it ends as a crash"))
    func portInUse() async throws {
        // If somebody else has the port, it is in use as well.
        let other = try? RawListener(answer: nil, port: Self.port)
        let ended = try await start().ended()
        withExtendedLifetime(other) {}
        #expect(ended.error.contains("in use"), "\(ended.error)")
        #expect(ended.status == 1 && !ended.wasSignalled)
        #expect(ended.error.filter { $0 == "\n" }.count == 1, "\(ended.error)")
        #expect(ended.error.hasPrefix("DriftServer: "))
    }
}
