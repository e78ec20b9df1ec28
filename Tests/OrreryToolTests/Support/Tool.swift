import Foundation
import Glibc
import Synchronization
import Testing

/// A run of the built executable, as from a shell.
final class Tool: Sendable {
    struct Ended: Sendable {
        var status: Int32
        var wasSignalled: Bool
        var output: String
        var error: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }

        /// - Throws: where there are fewer lines.
        func line(_ number: Int) throws -> String {
            let lines = lines
            return try #require(lines.indices.contains(number) ? lines[number] : nil, "\(error)")
        }

        /// Every line read by another JSON parser.
        func objects() throws -> [[String: any Sendable]] {
            try lines.map { line in
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
                return try #require(object as? [String: any Sendable], "\(line)")
            }
        }
    }

    private struct State {
        var output = ""
        var error = ""
        var openStreams = 2
        var status: (code: Int32, wasSignalled: Bool)?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// The tool lies beside the test runner.
    static let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "orrery")

    private let process: Process
    private let state = Mutex(State())

    init(_ arguments: [String], environment: [String: String] = [:], executable: URL = Tool.executable) throws {
        let process = Process()
        self.process = process
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let (output, error) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        process.terminationHandler = { [weak self] process in
            self?.update {
                $0.status = (process.terminationStatus, process.terminationReason == .uncaughtSignal)
            }
        }
        try process.run()
        read(output) { $0.output += $1 }
        read(error) { $0.error += $1 }
    }

    /// Runs to the end.
    static func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> Ended {
        try await Tool(arguments, environment: environment).ended()
    }

    private func read(_ pipe: Pipe, _ take: @escaping @Sendable (inout State, String) -> Void) {
        Thread { [self] in
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            // Not by `availableData`, which traps when a signal interrupts it.
            while true {
                let count = Glibc.read(pipe.fileHandleForReading.fileDescriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                update { take(&$0, String(decoding: buffer[..<count], as: UTF8.self)) }
            }
            update { $0.openStreams -= 1 }
        }.start()
    }

    private func update(_ change: (inout State) -> Void) {
        let waiters = state.withLock { state in
            change(&state)
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until the condition holds; kills the tool and fails when it does not within the time.
    private func wait(
        _ what: String, within time: Duration = .seconds(30), until isMet: @escaping @Sendable (State) -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + time
        let alarm = Task { [self] in
            try await Task.sleep(until: deadline)
            update { _ in }
        }
        defer { alarm.cancel() }
        while !state.withLock({ isMet($0) }) {
            guard ContinuousClock.now < deadline else {
                kill(process.processIdentifier, SIGKILL)
                let (output, error) = state.withLock { ($0.output, $0.error) }
                throw DeadlineExceeded(description: "waited in vain for \(what)\n\(output.suffix(2000))\n\(error)")
            }
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    guard !isMet(state), ContinuousClock.now < deadline else { return true }
                    state.waiters.append(continuation)
                    return false
                }
                if isDue { continuation.resume() }
            }
        }
    }

    struct DeadlineExceeded: Error, CustomStringConvertible {
        let description: String
    }

    var isRunning: Bool { state.withLock { $0.status == nil } }

    func ended() async throws -> Ended {
        try await wait("the end") { $0.status != nil && $0.openStreams == 0 }
        return try state.withLock { state in
            let status = try #require(state.status)
            return Ended(
                status: status.code, wasSignalled: status.wasSignalled, output: state.output, error: state.error)
        }
    }

    /// Waits until a line of the output contains all of these.
    func prints(_ parts: String...) async throws {
        try await wait("a line with \(parts)") { state in
            state.output.split(separator: "\n").contains { line in parts.allSatisfy { line.contains($0) } }
        }
    }

    /// Waits until the output so far is as wanted.
    func output(
        _ what: String, within time: Duration = .seconds(30), is condition: @escaping @Sendable (String) -> Bool
    ) async throws {
        try await wait(what, within: time) { condition($0.output) }
    }

    func interrupt(_ signal: Int32 = SIGINT) { kill(process.processIdentifier, signal) }
}
