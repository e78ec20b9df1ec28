import Dispatch
import Foundation
import OrreryECS
import OrrerySchema
import OrreryTransport
import OrreryWebSocket
import OrreryWire
import Synchronization

/// A client that means no good, on a thread of its own until it is stopped.
///
/// `@unchecked Sendable`: `loop` and `generator` belong to the rogue's thread; what others touch is atomic or a
/// semaphore.
final class Rogue: TransportHandler, @unchecked Sendable {
    enum Manner {
        /// Subscribes, then neither reads nor acknowledges.
        case silent
        /// Sends random bytes after its Hello, and is back at once when it is thrown out.
        case hostile
    }

    private let manner: Manner
    private let url: String
    private var loop: (any TransportLoop)?
    private var generator: SeededGenerator
    private let isStopped = Atomic(false)
    private let gate = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    private let connections = Atomic(0)

    init(_ manner: Manner, url: String, seed: UInt64) {
        self.manner = manner
        self.url = url
        generator = SeededGenerator(seed: seed)
        Thread { self.run() }.start()
    }

    /// How often it has connected.
    var connectionCount: Int { connections.load(ordering: .relaxed) }

    /// Ends it, and waits for that.
    func stop() {
        isStopped.store(true, ordering: .releasing)
        gate.signal()
        ended.wait()
    }

    private func run() {
        while !isStopped.load(ordering: .acquiring) {
            guard let next = try? WebSocketClientTransport().connect(to: url, limits: TransportLimits()) else { break }
            loop = next
            try? next.run(self)
        }
        ended.signal()
    }

    func connectionOpened(_ connection: ConnectionID, granted: (any Sendable)?) {
        connections.add(1, ordering: .relaxed)
        say(
            ClientMessage.hello(Hello(clientName: "\(manner)", knownSchemas: [], resume: nil)).encoded(), on: connection
        )
        switch manner {
        case .silent: say(ClientMessage.subscribe(SubscriptionID(1), .everything).encoded(), on: connection)
        case .hostile:
            say((0..<200).map { _ in UInt8(truncatingIfNeeded: generator.next()) }, on: connection)
        }
    }

    private func say(_ message: [UInt8], on connection: ConnectionID) { loop?.send(Frame(message), to: connection) }

    func connection(_ connection: ConnectionID, received message: UnsafeRawBufferPointer) {
        guard manner == .silent else { return }
        gate.wait()
        loop?.shutDown(lingerMax: .zero)
    }

    func connectionDrained(_ connection: ConnectionID) {}
    func connectionClosed(_ connection: ConnectionID, _ closure: ConnectionEnd) { loop?.shutDown(lingerMax: .zero) }
    func loopWoken() {}
    func loopTimerFired() {
        if isStopped.load(ordering: .acquiring) { loop?.shutDown(lingerMax: .zero) }
    }
}
