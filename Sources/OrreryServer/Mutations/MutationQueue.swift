import OrrerySync
import OrreryWire

/// Mutations that wait for the world, taken in turn by client: each client's mutations keep their order, and no client
/// waits for another client's backlog.
struct MutationQueue {
    /// In order of arrival; `taken` replaces a request that was taken.
    private var requests: [MutationRequest] = []
    /// For each position, the position of the same client's next request.
    private var following: [Int?] = []
    /// The position of each client's last request.
    private var lastOfClient: [ClientID: Int] = [:]
    /// Positions whose turn is due, the next at `first`.
    private var turns: [Int] = []
    private var first = 0

    /// A placeholder of no client, for a request that was taken.
    private static let taken = MutationRequest(
        client: ClientID(0), clientName: "", sequence: MutationSequence(0), operation: .spawn([]))

    var isEmpty: Bool { first == turns.count }

    /// Takes over the arrived requests, in order, and leaves an empty list.
    mutating func append(_ arrived: inout [MutationRequest]) {
        guard !arrived.isEmpty else { return }
        if isEmpty { removeAll() } else if first > 1024, first > requests.count / 2 { removeTaken() }
        if requests.isEmpty { swap(&requests, &arrived) } else { requests += arrived }
        arrived.removeAll(keepingCapacity: true)
        for position in following.count..<requests.count { line(up: position) }
    }

    private mutating func line(up position: Int) {
        following.append(nil)
        // If the client's last request was taken, the placeholder is in its place.
        if let last = lastOfClient.updateValue(position, forKey: requests[position].client),
            requests[last].client == requests[position].client
        {
            following[last] = position
        } else {
            turns.append(position)
        }
    }

    /// The next request. The client's further requests follow after one of each other client.
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

    /// Rebuilds the queue from the waiting requests, in the order of their turns; this keeps that order.
    private mutating func removeTaken() {
        var waiting: [MutationRequest] = []
        while let request = next() { waiting.append(request) }
        removeAll()
        append(&waiting)
    }
}
