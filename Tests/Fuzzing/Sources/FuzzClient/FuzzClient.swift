import FuzzInput
import OrreryClient
import OrrerySchema
import OrreryTesting

/// As little room as a server may use up in a moment.
private func makeConfiguration() -> ClientConfiguration {
    var configuration = ClientConfiguration()
    configuration.sync.storeSizeMax = 4 << 20
    configuration.sync.stagedSizeMax = 100_000
    configuration.sync.recordedSizeMax = 1 << 20
    configuration.sync.limits.componentCountMax = 16
    // Whenever time passes it asks for a hash, so that one that comes may have been asked for.
    configuration.verifyInterval = .zero
    return configuration
}

/// What servers say to a client, through the transport in memory and the real client, that reads all that it shows.
private func fuzzClient(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = FuzzInput(UnsafeRawBufferPointer(start: start, count: count))
    do {
        let configuration = makeConfiguration()
        let server = try RawServer(configuration: configuration)
        let connection = server.client.connection
        var held: [Subscription] = []
        func subscribe(_ entities: [Entity]? = nil) {
            // What the server says may be anything, and so may not say that it has begun.
            if let new = try? server.run(ticksMax: 2, { try await connection.subscribeToAll(for: entities) }) {
                held.append(new)
            }
        }
        var isSubscribed = false
        for step in input.steps.prefix(200) {
            switch step {
            case .message(let message): server.send(message)
            case .other(0): server.cut()
            case .other(1): server.passTime(.seconds(11))
            case .other(2) where isSubscribed: subscribe()
            case .other(3) where isSubscribed: connection.enqueue(.despawn(.init(index: 0, generation: 1)))
            case .other: server.passTime(.seconds(1))
            }
            if !isSubscribed, server.client.isWelcomed {
                isSubscribed = true
                subscribe()
                subscribe([.init(index: 2, generation: 1)])
                if input.flags & 1 != 0 { held.popLast()?.cancel() }
                server.deliver()
            }
            precondition(server.client.storeByteCount <= configuration.sync.storeSizeMax, "the store is too large")
            _ = server.takeReceived()
            server.client.takeBatchCount()
            _ = server.client.takeErrors()
        }
        _ = server.client.readValues()
    } catch {
        fatalError("\(error)")
    }
    return 0
}

@main struct FuzzClient {
    static func main() throws { try Fuzzer.run(.client) { fuzzClient($0, $1) } }
}
