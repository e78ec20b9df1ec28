import OrrerySync
import OrreryWire

/// Mutations that wait for the world, in turn by client: each has one after the other in its order, and none waits for another client's many.
struct MutationQueue {
    private struct Line {
        var requests: [MutationRequest] = []
        /// Position of the next.
        var next = 0
    }

    private var lines: [ClientID: Line] = [:]
    /// Those that have a turn, the next at `first`.
    private var turns: [ClientID] = []
    private var first = 0
    /// Of lines that are empty, for their memory.
    private var spareLines: [Line] = []
    private(set) var count = 0

    private static let spareLinesMax = 64

    /// Takes what has arrived, in order.
    mutating func append(_ requests: [MutationRequest]) {
        for request in requests {
            count += 1
            if lines[request.client]?.requests.append(request) == nil {
                var line = spareLines.popLast() ?? Line()
                line.requests.append(request)
                lines[request.client] = line
                turns.append(request.client)
            }
        }
    }

    /// The next one; the client's others come after one of each other client.
    mutating func next() -> MutationRequest? {
        guard first < turns.count else { return nil }
        let client = turns[first]
        first += 1
        guard let position = lines.index(forKey: client) else { return nil }
        let request = lines.values[position].requests[lines.values[position].next]
        lines.values[position].next += 1
        if lines.values[position].next < lines.values[position].requests.count {
            turns.append(client)
        } else {
            var line = lines.remove(at: position).value
            line.requests.removeAll(keepingCapacity: true)
            line.next = 0
            if spareLines.count < Self.spareLinesMax { spareLines.append(line) }
        }
        if first == turns.count {
            turns.removeAll(keepingCapacity: true)
            first = 0
        } else if first > 1024, first * 2 > turns.count {
            turns.removeFirst(first)
            first = 0
        }
        count -= 1
        return request
    }
}
