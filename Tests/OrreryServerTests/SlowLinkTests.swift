import Foundation
import Glibc
import OrreryClient
import OrreryECS
import OrreryRawPeer
import OrrerySchema
import OrreryServer
import OrreryWebSocket
import Testing

@Suite("A slow link is slow, and nothing else", .timeLimit(.minutes(2)))
struct SlowLinkTests {
    /// Passes one connection on to a server; what comes back passes at a rate.
    private final class Link: Sendable {
        let port: Int
        private let listener: Int32

        /// - Parameter bytesPerSecond: of the way to the client.
        init(to serverPort: Int, bytesPerSecond: Int) throws {
            let listener = socket(AF_INET, streamType, 0)
            self.listener = listener
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            var address = Self.address(0)
            let code = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    let code = bind(listener, $0, size) | listen(listener, 1)
                    getsockname(listener, $0, &size)
                    return code
                }
            }
            try #require(code == 0)
            port = Int(UInt16(bigEndian: address.sin_port))
            Thread.detachNewThread { Self.serve(listener, serverPort, bytesPerSecond) }
        }

        private static func address(_ port: Int) -> sockaddr_in {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            return address
        }

        private static func serve(_ listener: Int32, _ serverPort: Int, _ bytesPerSecond: Int) {
            let client = accept(listener, nil, nil)
            let server = socket(AF_INET, streamType, 0)
            var address = address(serverPort)
            _ = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            Thread.detachNewThread {
                var buffer = [UInt8](repeating: 0, count: 4096)
                while true {
                    let count = recv(client, &buffer, buffer.count, 0)
                    guard count > 0, send(server, buffer, count, noSignal) == count else { break }
                }
                shutdown(server, 2)
            }
            // A hundredth of a second's bytes each hundredth of a second: that is what the link is.
            var buffer = [UInt8](repeating: 0, count: max(1, bytesPerSecond / 100))
            while true {
                let count = recv(server, &buffer, buffer.count, 0)
                guard count > 0, send(client, buffer, count, noSignal) == count else { break }
                Thread.sleep(forTimeInterval: Double(count) / Double(bytesPerSecond))
            }
            for descriptor in [client, server, listener] { close(descriptor) }
        }
    }

    /// A first state that is one message, under way for three times as long as a server may be silent.
    @Test func aMessageThatTakesLongIsNoSilence() async throws {
        let world = World()
        for number in 0..<10_000 { world.spawn(Position(x: Float(number), y: 1, z: 2)) }
        try await LiveWorld.run(over: .webSocket, tickRate: 10, world: world) { live in
            let serverPort = try #require(live.server.url.split(separator: ":").last.flatMap { Int($0) })
            let link = try Link(to: serverPort, bytesPerSecond: 40_000)
            var configuration = ClientConfiguration()
            configuration.silenceTimeout = .seconds(1)
            let client = SimulationClient(
                url: "ws://127.0.0.1:\(link.port)", transport: .webSocket, reconnect: .never,
                configuration: configuration)
            let start = ContinuousClock.now
            try await client.withConnection { connection in
                let everything = try await connection.subscribeToAll()
                defer { everything.cancel() }
                #expect(ContinuousClock.now - start > .seconds(2))
                #expect(connection.withSnapshot { $0.entityCount } == 10_000)
            }
        }
    }
}
