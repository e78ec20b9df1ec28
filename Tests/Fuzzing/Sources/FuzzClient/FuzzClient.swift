import FuzzInput
import OrreryClient
import OrrerySchema
import OrrerySync
import OrreryTesting
import OrreryWire

/// As little room as a server may use up in a moment.
private func makeConfiguration() -> ClientConfiguration {
    var configuration = ClientConfiguration()
    configuration.sync.storeSizeMax = 4 << 20
    configuration.sync.stagedSizeMax = 100_000
    configuration.sync.recordedSizeMax = 1 << 20
    configuration.sync.limits.componentCountMax = 16
    return configuration
}

/// What servers say to a client, through the transport in memory and the real client, that reads all that it shows.
private func fuzzClient(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = FuzzInput(UnsafeRawBufferPointer(start: start, count: count))
    do {
        let configuration = makeConfiguration()
        let server = try RawServer(configuration: configuration)
        var isSubscribed = false
        for step in input.steps.prefix(200) {
            switch step {
            case .message(let message): server.send(message)
            case .other(0): server.cut()
            case .other(1): server.passTime(.seconds(11))
            case .other(2) where isSubscribed: server.client.subscribe()
            case .other(3) where isSubscribed: server.client.mutate(.despawn(.init(index: 0, generation: 1))) { _ in }
            case .other: server.passTime(.seconds(1))
            }
            if !isSubscribed, server.client.isWelcomed {
                isSubscribed = true
                let id = server.client.subscribe()
                server.client.subscribe(of: .init(index: 2, generation: 1))
                if input.flags & 1 != 0, let id { server.client.unsubscribe(id) }
                server.deliver()
            }
            precondition(server.client.storeByteCount <= configuration.sync.storeSizeMax, "the store is too large")
            _ = server.takeReceived()
            _ = server.client.takeBatches()
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
