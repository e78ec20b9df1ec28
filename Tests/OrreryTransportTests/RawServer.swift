import Foundation
import Glibc
import OrreryRawPeer
import OrreryWebSocket
import Testing

/// A TCP server that answers one connection with fixed bytes, or with silence.
final class RawServer: @unchecked Sendable {
    // Guard: nothing changes after `init`.
    private let descriptor: Int32
    private let answer: [UInt8]
    private let pieceSize: Int
    private let staysOpen: Bool
    let url: String

    convenience init(answer: String, pieceSize: Int = .max, staysOpen: Bool = false) throws {
        try self.init(answer: Array(answer.utf8), pieceSize: pieceSize, staysOpen: staysOpen)
    }

    /// - Parameters:
    ///   - pieceSize: how much of the answer goes in one packet.
    ///   - staysOpen: whether the client has to end it.
    init(answer: [UInt8], pieceSize: Int = .max, staysOpen: Bool = false) throws {
        self.answer = answer
        self.pieceSize = pieceSize
        self.staysOpen = staysOpen
        let descriptor = socket(AF_INET, streamType, 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                let bound = bind(descriptor, $0, size)
                getsockname(descriptor, $0, &size)
                return bound
            }
        }
        url = "ws://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        try #require(code == 0 && listen(descriptor, 5) == 0)
        var thread = pthread_t()
        pthread_create(&thread, nil, serveRaw, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }

    fileprivate func serve() {
        let connection = accept(descriptor, nil, nil)
        var buffer = [UInt8](repeating: 0, count: 4096)
        _ = recv(connection, &buffer, buffer.count, 0)
        var on: Int32 = 1
        setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        var rest = answer[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieceSize))
            _ = send(connection, piece, piece.count, noSignal)
            rest = rest.dropFirst(piece.count)
            // Its client has to have a moment for each.
            if !rest.isEmpty { sched_yield() }
        }
        if answer.isEmpty || staysOpen { while recv(connection, &buffer, buffer.count, 0) > 0 {} }
        close(connection)
        close(descriptor)
    }
}

private func serveRaw(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    Unmanaged<RawServer>.fromOpaque(argument!).takeRetainedValue().serve()
    return nil
}

/// `openssl s_server` with a fixed answer, which then says nothing more.
final class RawTLSServer {
    let url: String
    private let process: pid_t
    private let input: Int32

    init(answer: String, files: TLSConfiguration) throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        input = ends[1]
        let port = freePort()
        url = "wss://127.0.0.1:\(port)"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        posix_spawn_file_actions_addclose(&actions, ends[1])
        for descriptor in [1, 2] as [Int32] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
        }
        let words: [String] = [
            "openssl", "s_server", "-quiet", "-accept", "127.0.0.1:\(port)", "-cert", files.certificateFile, "-key",
            files.keyFile,
        ]
        let arguments = words.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        try #require(posix_spawnp(&process, "openssl", &actions, nil, arguments + [nil], environ) == 0)
        self.process = process
        close(ends[0])
        // It reads this once somebody is connected.
        _ = write(input, answer, answer.utf8.count)
        try awaitListener(port)
    }

    deinit {
        close(input)
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    /// Until somebody listens at a port, of whom nothing is asked.
    private func awaitListener(_ port: Int) throws {
        let wanted = ":" + String(port, radix: 16, uppercase: true) + " "
        let deadline = ContinuousClock.now + .seconds(20)
        var isListening = false
        while !isListening, ContinuousClock.now < deadline {
            let sockets = try String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)
            isListening = sockets.split(separator: "\n").contains { $0.contains(wanted) && $0.contains(" 0A ") }
        }
        try #require(isListening, "openssl does not listen")
    }
}
