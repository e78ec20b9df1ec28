import ArgumentParser
import Foundation
import OrreryRawPeer
import OrreryWire
import Synchronization
import Testing

@testable import SolarSystem

/// F_SETPIPE_SZ, which no module shows.
private let setPipeSize: Int32 = 1031

/// `solar-system serve` as from a shell.
private final class Serving: Sendable {
    let port: Int
    private let process: Process
    let errors = Mutex("")
    /// Kept open.
    private let unreadErrors: Pipe?

    /// The program lies beside the test runner.
    private static let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent()
        .appending(path: "solar-system").path

    var processID: Int32 { process.processIdentifier }

    /// Starts it.
    /// - Parameters:
    ///   - prelude: what the shell does before.
    ///   - redirection: what the shell does to its outputs.
    ///   - readsErrors: whether anybody reads what it logs.
    init(
        _ options: String = "", prelude: String = "", redirection: String = "", environment: [String: String] = [:],
        readsErrors: Bool = true
    ) throws {
        port = freePort()
        let process = Process()
        self.process = process
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c", "\(prelude) exec '\(Self.executable)' serve --port \(port) --asteroids 10 \(options) \(redirection)",
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardError = pipe
        // As little as the system lets it hold, so that a stalled reader shows soon.
        if !readsErrors { _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, setPipeSize, 4096) }
        unreadErrors = readsErrors ? nil : pipe
        try process.run()
        guard readsErrors else { return }
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(pipe.fileHandleForReading.fileDescriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                errors.withLock { $0 += String(decoding: buffer[..<count], as: UTF8.self) }
            }
        }
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// Asks until there is an answer with this status, or in vain.
    func answers(
        _ path: String = "/healthz", host: String = "localhost", token: String? = nil, status: Int = 200
    ) async throws -> String? {
        try await onThread { [self] in
            let deadline = ContinuousClock.now + .seconds(60)
            while ContinuousClock.now < deadline, process.isRunning {
                guard let peer = try? RawPeer(port: port) else { continue }
                let field = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
                peer.write("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\(field)\r\n")
                let answer = peer.readToEnd()
                if answer.hasPrefix("HTTP/1.1 \(status) ") { return answer }
            }
            return nil
        }
    }

    /// The status of the answer to this request for a WebSocket.
    func upgrade(_ fields: [String: String?]) async throws -> String {
        try await onThread { [port] in
            let peer = try RawPeer(port: port)
            peer.requestUpgrade(fields)
            return String(peer.readHead().dropFirst("HTTP/1.1 ".count).prefix(3))
        }
    }

    func says(_ text: String) async throws -> Bool {
        try await until { $0.errors.withLock { $0.contains(text) } }
    }

    func signal(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// How it ended.
    func status() async throws -> Int32? {
        try await until { !$0.process.isRunning } ? process.terminationStatus : nil
    }

    func stops() async throws -> Bool {
        signal(SIGTERM)
        return try await status() == 0
    }

    /// Waits, and says whether it came.
    private func until(_ isMet: @escaping @Sendable (Serving) -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while !isMet(self) {
            guard ContinuousClock.now < deadline else { return false }
            await Task.yield()
        }
        return true
    }
}

/// Waits for something that blocks without holding one of the few threads that all tests share.
private func onThread<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}

@Suite("A server is operated like any other", .timeLimit(.minutes(3)))
struct ServeCommandTests {
    @Test func aHangUpRenewsAndEndsNobody() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "orrery-token-\(UUID())").path()
        defer { try? FileManager.default.removeItem(atPath: file) }
        try "first\n".write(toFile: file, atomically: true, encoding: .utf8)
        let serving = try Serving("--token-file '\(file)'")
        #expect(try await serving.answers("/metrics", token: "first") != nil)
        let peer = try RawPeer(port: serving.port)
        peer.requestUpgrade(["Authorization": "Bearer first"])
        #expect(peer.readHead().hasPrefix("HTTP/1.1 101 "))
        peer.writeFrame(2, ClientMessage.hello(Hello(clientName: "peer")).encoded())
        try "second\n".write(toFile: file, atomically: true, encoding: .utf8)
        serving.signal(SIGHUP)
        #expect(try await serving.says("read again what may have been renewed"))
        #expect(try await serving.answers("/metrics", token: "second") != nil)
        #expect(try await serving.answers("/metrics", token: "first", status: 401) != nil)
        #expect(try await serving.stops())
        // It was told of its end: the server's, or for want of a Hello.
        #expect([1001, 4002].contains(try peer.readCloseCode()))
    }

    @Test("without an output it serves, and says where", arguments: [">&-", "> /dev/full", "<&- >&-"])
    func noOutput(redirection: String) async throws {
        let serving = try Serving(redirection: redirection)
        #expect(try await serving.answers() != nil)
        #expect(try await serving.says("ws://127.0.0.1:\(serving.port)"))
        #expect(try await serving.stops())
    }

    /// A collector that has stalled, a terminal after Ctrl-S; its output may go there too.
    @Test(arguments: ["", ">&2"])
    func aLogThatNobodyReadsStopsNobody(redirection: String) async throws {
        let serving = try Serving("--log-level debug", redirection: redirection, readsErrors: false)
        #expect(try await serving.answers() != nil)
        // Two lines each: far more than the pipe and the queue hold.
        let openedCount = try await onThread { [port = serving.port] in
            try (0..<600).filter { _ in
                let peer = try RawPeer(port: port)
                peer.requestUpgrade()
                return peer.readHead().hasPrefix("HTTP/1.1 101 ")
            }.count
        }
        #expect(openedCount == 600)
        #expect(try await serving.answers() != nil)
        let metrics = try #require(try await serving.answers("/metrics"))
        let dropped = try #require(metrics.firstMatch(of: /\norrery_log_lines_dropped_total (\d+)\n/)?.output.1)
        #expect(Int(dropped) ?? 0 > 0)
        #expect(try await serving.stops())
    }

    @Test func aSiteBehindAProxyIsNamed() async throws {
        let serving = try Serving("--host-name sim.example --host-name other.example --origin https://sim.example")
        #expect(try await serving.answers("/metrics", host: "sim.example") != nil)
        #expect(try await serving.answers("/metrics", host: "other.example:80") != nil)
        #expect(try await serving.answers("/metrics", host: "evil.example", status: 421) != nil)
        #expect(try await serving.upgrade(["Origin": "https://sim.example", "Host": "sim.example"]) == "101")
        #expect(try await serving.upgrade(["Origin": "http://localhost", "Host": "sim.example"]) == "403")
        #expect(try await serving.stops())
    }

    @Test(
        "what would let nobody in is refused at the start",
        arguments: [
            ("", ["ORRERY_TOKEN": "two sesame"]), ("", ["ORRERY_TOKEN": "\n"]), ("", ["ORRERY_TOKEN": ""]),
            ("--token-file /nowhere", [:]),
        ] as [(String, [String: String])])
    func refusals(options: String, environment: [String: String]) async throws {
        let serving = try Serving(options, environment: environment)
        #expect(try #require(try await serving.status()) != 0)
        #expect(try await serving.says("."))
        #expect(serving.errors.withLock { !$0.contains("sesame") })
    }

    @Test(
        "an option that makes no sense is a usage error",
        arguments: ["--origin sim.example", "--host-name sim.example:80"])
    func usageErrors(options: String) async throws {
        let serving = try Serving(options)
        #expect(try #require(try await serving.status()) == 64)
        #expect(try await serving.says("Error: "))
    }

    /// Those who are in are served on; who waits is told of in the log, and gets in when there is room.
    @Test func withoutFilesLeftItSaysSo() async throws {
        let serving = try Serving(prelude: "ulimit -n 40;")
        #expect(try await serving.answers() != nil)
        var waiting = try (0..<60).map { _ in try RawPeer(port: serving.port) }
        #expect(try await serving.says("LimitNOFILE"))
        let before = ContinuousClock.now
        #expect(try await serving.says("left-out"))
        waiting.removeAll()
        let metrics = try #require(try await serving.answers("/metrics"))
        let counted = try #require(metrics.firstMatch(of: /kind="exhausted"} (\d+)\n/)?.output.1)
        // It looked again in a while, and not for ever.
        let elapsed = (ContinuousClock.now - before).components.seconds
        #expect((1...20 * (Int(elapsed) + 5)).contains(try #require(Int(counted))))
        let lines = serving.errors.withLock { $0.matches(of: /LimitNOFILE/).count }
        #expect((1...Int(elapsed) + 10).contains(lines))
        #expect(try await serving.stops())
    }

    @Test func theLimitOfOpenFilesIsRaised() async throws {
        let serving = try Serving(prelude: "ulimit -Sn 300;")
        #expect(try await serving.answers() != nil)
        let limits = try String(contentsOfFile: "/proc/\(serving.processID)/limits", encoding: .utf8)
        let soft = try #require(limits.firstMatch(of: /Max open files +(\d+)/)?.output.1)
        #expect(Int(soft) ?? 0 > 4096)
        #expect(try await serving.stops())
    }
}
