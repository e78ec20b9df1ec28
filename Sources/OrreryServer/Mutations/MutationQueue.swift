import OrrerySync
import OrreryWire

/// Mutations that wait for the world, in turn by client: each has one after the other in its order, and none waits for another client's many.
struct MutationQueue {
    private struct Line {
        var requests: [MutationRequest] = []
        /// Position of the next.
        var next = 0
    }

    private var lines: [Line] = []
    /// Of those who have something in a line.
    private var lineOfClient: [ClientID: Int] = [:]
    /// Lines that nobody has.
    private var freeLines: [Int] = []
    /// Lines that have a turn, the next at `first`.
    private var turns: [Int] = []
    private var first = 0
    private(set) var count = 0

    /// Free lines that keep their memory.
    private static let spareLinesMax = 64

    /// Takes what has arrived, in order.
    mutating func append(_ requests: [MutationRequest]) {
        for request in requests {
            lines[line(of: request.client)].requests.append(request)
            count += 1
        }
    }

    private mutating func line(of client: ClientID) -> Int {
        if let line = lineOfClient[client] { return line }
        if freeLines.isEmpty {
            freeLines.append(lines.count)
            lines.append(Line())
        }
        let line = freeLines.removeLast()
        lineOfClient[client] = line
        turns.append(line)
        return line
    }

    /// The next one; the client's others come after one of each other client.
    mutating func next() -> MutationRequest? {
        guard first < turns.count else { return nil }
        let line = turns[first]
        first += 1
        let request = lines[line].requests[lines[line].next]
        lines[line].next += 1
        if lines[line].next < lines[line].requests.count {
            turns.append(line)
        } else {
            lineOfClient[request.client] = nil
            lines[line].next = 0
            lines[line].requests.removeAll(keepingCapacity: freeLines.count < Self.spareLinesMax)
            freeLines.append(line)
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
