import OrrerySync
import OrreryWire

/// Mutations that wait for the world, in turn by client: each has one after the other in its order, and none waits for
/// another client's many.
struct MutationQueue {
    /// In the order in which they came; those that were taken are `taken` here.
    private var requests: [MutationRequest] = []
    /// By position: that of the same client's next one.
    private var following: [Int?] = []
    /// The position of each client's last one.
    private var lastOfClient: [ClientID: Int] = [:]
    /// Positions that have a turn, the next at `first`.
    private var turns: [Int] = []
    private var first = 0

    /// Nobody's: in the place of one that was taken.
    private static let taken = MutationRequest(
        client: ClientID(0), clientName: "", sequence: MutationSequence(0), operation: .spawn([]))

    var isEmpty: Bool { first == turns.count }

    /// Takes over what has arrived, in order, and leaves an empty list.
    mutating func append(_ arrived: inout [MutationRequest]) {
        guard !arrived.isEmpty else { return }
        if isEmpty { removeAll() } else if first > 1024, first > requests.count / 2 { removeTaken() }
        if requests.isEmpty { swap(&requests, &arrived) } else { requests += arrived }
        arrived.removeAll(keepingCapacity: true)
        for position in following.count..<requests.count { line(up: position) }
    }

    private mutating func line(up position: Int) {
        following.append(nil)
        // Where the client's last one was taken, nobody's is in its place.
        if let last = lastOfClient.updateValue(position, forKey: requests[position].client),
            requests[last].client == requests[position].client
        {
            following[last] = position
        } else {
            turns.append(position)
        }
    }

    /// The next one; the client's others come after one of each other client.
    mutating func next() -> MutationRequest? {
        guard !isEmpty else { return nil }
        let position = turns[first]
        first += 1
        if let next = following[position] { turns.append(next) }
        var request = Self.taken
        swap(&request, &requests[position])
        return request
    }

    private mutating func removeAll() {
        requests.removeAll(keepingCapacity: true)
        following.removeAll(keepingCapacity: true)
        lastOfClient.removeAll(keepingCapacity: true)
        turns.removeAll(keepingCapacity: true)
        first = 0
    }

    /// Begins anew with those that wait, in the order of their turns, which stays the same by that.
    private mutating func removeTaken() {
        var waiting: [MutationRequest] = []
        while let request = next() { waiting.append(request) }
        removeAll()
        append(&waiting)
    }
}
