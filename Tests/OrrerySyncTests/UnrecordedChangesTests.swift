import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire
import Testing

@testable import OrrerySync

/// A client that nobody asks for changes lists none, and applies runs of rows at once: its store is that of one that
/// lists them.
@Suite struct UnrecordedChangesTests {
    /// A server, and two clients of it that differ in that.
    private struct Pair: ~Copyable {
        let store: ComponentStore
        var server: SyncServer
        var clients: [SyncClient]
        var failures: [WireError?] = [nil, nil]

        init(storeSizeMax: Int? = nil) throws {
            store = ComponentStore(schemas: [
                try ComponentSchema(name: "Fixed", type: .vector(.float, lanes: 3)),
                try ComponentSchema(name: "Varying", type: .string),
            ])
            store.advance(to: Tick(1))
            var drawn: UInt64 = 0
            server = SyncServer(
                store: store, epoch: Epoch(7), configuration: SyncServerConfiguration(),
                makeRandom: {
                    // No two tokens are the same.
                    drawn += 1
                    return drawn
                })
            clients = [true, false].map { records in
                var configuration = SyncClientConfiguration()
                if let storeSizeMax { configuration.storeSizeMax = storeSizeMax }
                var client = SyncClient(clientName: "client", configuration: configuration)
                client.recordsChanges = records
                return client
            }
            for number in clients.indices { server.open(SessionID(UInt64(number + 1)), now: .zero) }
        }

        mutating func deliver() {
            var isQuiet = false
            while !isQuiet {
                isQuiet = true
                for (number, session) in clients.indices.map({ ($0, SessionID(UInt64($0 + 1))) }) {
                    for message in clients[number].takeOutgoing() {
                        message.withUnsafeBytes { server.receive($0, from: session, now: .zero) }
                        isQuiet = false
                    }
                }
                for action in server.takeActions() {
                    switch action {
                    case .broadcast(let frame, let sessions): for session in sessions { take(frame.bytes, session) }
                    case .send(let frame, let session): take(frame.bytes, session)
                    case .close, .setReading: continue
                    }
                    isQuiet = false
                }
            }
        }

        private mutating func take(_ message: [UInt8], _ session: SessionID) {
            let number = Int(session.rawValue) - 1
            for case .failed(let error) in message.withUnsafeBytes({ clients[number].receive($0) }) {
                failures[number] = error
            }
        }

        mutating func subscribe() throws {
            deliver()
            for number in clients.indices { _ = try clients[number].subscribe(.everything) }
            deliver()
        }

        mutating func tick(_ body: (ComponentStore) -> Void) {
            store.advance(to: store.tick.next)
            body(store)
            server.worldAdvanced(now: .zero)
            deliver()
        }
    }

    private static func rows(of store: ComponentStore) -> [String] {
        store.entities.rows.indexes.compactMap { store.entity(at: $0) }.map { entity in
            let values = store.columns(of: entity).map { "\($0) \(store[$0].value(of: entity.index) ?? [])" }
            return "\(entity) \(values)"
        }
    }

    @Test(arguments: 0..<20) func bothHaveTheSameStore(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var pair = try Pair()
        try pair.subscribe()
        var generations = [UInt32](repeating: 1, count: 300)
        for _ in 0..<40 {
            let first = Int.random(in: 0..<300, using: &generator)
            let run = first..<min(300, first + Int.random(in: 1...150, using: &generator))
            let kind = Int.random(in: 0...3, using: &generator)
            pair.tick { store in
                for index in run.map(UInt32.init) {
                    let entity = Entity(index: index, generation: generations[Int(index)])
                    switch kind {
                    case 0 where store.contains(entity):
                        store.despawn(entity)
                        generations[Int(index)] += 1
                    case 1: store[ColumnID(0)].remove(index, at: store.tick)
                    default:
                        store.spawn(entity)
                        let number = UInt8.random(in: 0...9, using: &generator)
                        store[ColumnID(0)].set(index, to: [UInt8](repeating: number, count: 12), at: store.tick)
                        if kind == 2 { store[ColumnID(1)].set(index, to: [1, 65 + number], at: store.tick) }
                    }
                }
            }
            let expected = Self.rows(of: pair.store)
            for number in 0...1 {
                #expect(pair.failures[number] == nil, "seed \(seed)")
                #expect(Self.rows(of: pair.clients[number].store) == expected, "seed \(seed), client \(number)")
            }
        }
    }

    @Test func bothAreBounded() throws {
        var pair = try Pair(storeSizeMax: 600_000)
        try pair.subscribe()
        // These fit.
        pair.tick { store in
            for index in 0..<20_000 as Range<UInt32> { store.spawn(Entity(index: index, generation: 1)) }
        }
        #expect(pair.failures[0] == nil && pair.failures[1] == nil)
        pair.tick { store in
            for index in 0..<20_000 as Range<UInt32> {
                store[ColumnID(0)].set(index, to: [UInt8](repeating: 1, count: 12), at: store.tick)
            }
        }
        for number in 0...1 {
            #expect(pair.failures[number]?.closeCode == .policyViolation)
            #expect(pair.failures[number]?.message.contains("storeSizeMax") == true)
            #expect(pair.clients[number].store.byteCount <= 600_000)
        }
    }
}
