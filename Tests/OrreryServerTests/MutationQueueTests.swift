import OrrerySchema
import OrrerySync
import OrreryTesting
import OrreryWire
import Testing

@testable import OrreryServer

/// The turns of clients whose mutations wait, against plain lists.
@Suite struct MutationQueueTests {
    /// Slow and plain: a list for each client, and the clients in the order of their turns.
    private struct Model {
        var lists: [UInt64: [UInt64]] = [:]
        var turns: [UInt64] = []

        mutating func append(_ client: UInt64, _ number: UInt64) {
            if lists[client] == nil { turns.append(client) }
            lists[client, default: []].append(number)
        }

        mutating func next() -> (UInt64, UInt64)? {
            guard !turns.isEmpty else { return nil }
            let client = turns.removeFirst()
            let number = lists[client]!.removeFirst()
            if lists[client]!.isEmpty { lists[client] = nil } else { turns.append(client) }
            return (client, number)
        }
    }

    /// Also beyond the thousands after which those that were taken are cleared away.
    @Test(arguments: 0..<20) func eachClientHasItsTurnInItsOrder(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var queue = MutationQueue()
        var model = Model()
        var number: UInt64 = 0
        var (waitingCount, waitingCountMax) = (0, 0)
        for _ in 0..<60 {
            var arrived: [MutationRequest] = []
            for _ in 0..<Int.random(in: 0...400, using: &generator) {
                number += 1
                let client = UInt64.random(in: 1...8, using: &generator)
                arrived.append(
                    MutationRequest(
                        client: ClientID(client), clientName: "client \(client)", sequence: MutationSequence(number),
                        operation: .despawn(Entity(index: UInt32(number), generation: 1))))
                model.append(client, number)
            }
            waitingCount += arrived.count
            queue.append(&arrived)
            #expect(arrived.isEmpty)
            waitingCountMax = max(waitingCountMax, waitingCount)
            // Mostly fewer than came; now and then all.
            for _ in 0..<Int.random(in: 0...5, using: &generator) * 60 {
                let (expected, request) = (model.next(), queue.next())
                #expect(request?.client.rawValue == expected?.0 && request?.sequence.rawValue == expected?.1)
                if let request {
                    let entity = Entity(index: UInt32(request.sequence.rawValue), generation: 1)
                    #expect(request.operation == .despawn(entity))
                    waitingCount -= 1
                }
            }
            #expect(queue.isEmpty == model.turns.isEmpty)
        }
        #expect(waitingCountMax > 1024)
    }
}
