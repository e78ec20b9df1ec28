import DequeModule
import OrrerySchema
import OrreryWire

/// A client has come or gone. One whose connection is lost goes once it can no longer come back.
package struct ClientChange: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case joined
        /// - Parameter hasClosed: Whether the client closed its connection; otherwise it did not come back in time.
        case left(hasClosed: Bool)
    }

    package let id: ClientID
    package let name: String
    package let subject: String
    /// What it sees.
    package let visibility: Visibility
    package let kind: Kind
}

extension [ClientChange] {
    /// Adds a change. Of somebody who comes and goes before anybody is told, nothing stays: so at most as many changes
    /// wait as there were and are clients.
    package mutating func add(_ change: ClientChange) {
        if change.kind != .joined, let joined = firstIndex(where: { $0.id == change.id }) {
            remove(at: joined)
        } else {
            append(change)
        }
    }
}

/// The clients that may come back, and the outcomes of their mutations.
struct ClientTable {
    /// What the server remembers of one client.
    struct Entry {
        let id: ClientID
        let name: String
        let subject: String
        /// What it sees, also when it comes back.
        var visibility: Visibility
        var token: [UInt8]
        /// The previous token, until the client shows that it has the new one: a welcome may be lost.
        var previousToken: [UInt8]?
        var session: SessionID?
        /// The number of its last departure, counted from 1.
        var departure: UInt64 = 0
        var outcomes: OutcomeWindow

        init(
            id: ClientID, name: String, _ admission: Admission, _ configuration: SyncServerConfiguration,
            token: [UInt8], session: SessionID
        ) {
            self.id = id
            self.name = name
            subject = admission.subject
            visibility = admission.visibility
            self.token = token
            self.session = session
            outcomes = OutcomeWindow(
                countMax: configuration.pendingMutationMax, valueSizeMax: configuration.rememberedValueSizeMax)
        }
    }

    private struct Departure {
        let number: UInt64
        let id: ClientID
        let at: Duration
    }

    private let configuration: SyncServerConfiguration
    /// Ascending by ID.
    private var entries: [Entry] = []
    private var clientOfToken: [[UInt8]: ClientID] = [:]
    private var nextID: UInt64 = 1
    /// Clients in the order in which they left, including those that have come back since.
    private var departures: Deque<Departure> = []
    private var lastDeparture: UInt64 = 0
    /// Bytes of the outcomes of all clients, as allocated.
    private(set) var rememberedSize = 0
    /// Clients that came and went since these were last taken, in order.
    private var changes: [ClientChange] = []

    init(_ configuration: SyncServerConfiguration) {
        self.configuration = configuration
    }

    var count: Int { entries.count }
    var departureCount: Int { departures.count }
    var tokenCount: Int { clientOfToken.count }
    /// The number of outcomes of the client with the most.
    var outcomeCountMax: Int { entries.reduce(0) { max($0, $1.outcomes.count) } }

    /// Bytes of all clients that can be freed by forgetting outcomes.
    var decidedSize: Int { entries.reduce(0) { $0 + $1.outcomes.decidedSize } }

    /// The session that a client has now.
    func session(of id: ClientID) -> SessionID? { position(of: id).flatMap { entries[$0].session } }

    /// The bytes reserved for each answer that a client's connection waits for.
    func awaitedSizes(of id: ClientID) -> [Int] { position(of: id).map { entries[$0].outcomes.awaitedSizes } ?? [] }

    /// Changes the entry of a client in place.
    /// - Returns: `nil` for a client that is not remembered.
    /// - Complexity: O(log n) plus `body`.
    @discardableResult
    mutating func withEntry<R>(_ id: ClientID, _ body: (inout Entry) -> R) -> R? {
        guard let position = position(of: id) else { return nil }
        let before = entries[position].outcomes.size
        let result = body(&entries[position])
        rememberedSize += entries[position].outcomes.size - before
        if rememberedSize > configuration.rememberedSizeMax { forgetOutcomes() }
        return result
    }

    /// Makes room: the clients with the most remembered outcomes lose the older half of them, so that the others keep
    /// theirs.
    /// - Complexity: O(clients); the room that it frees lasts for many mutations.
    private mutating func forgetOutcomes() {
        while rememberedSize > configuration.rememberedSizeMax {
            let most = entries.reduce(0) { max($0, $1.outcomes.decidedSize) }
            guard most > 0 else { return }
            for position in entries.indices where entries[position].outcomes.decidedSize * 2 >= most {
                let before = entries[position].outcomes.size
                entries[position].outcomes.forgetOlderHalf()
                rememberedSize += entries[position].outcomes.size - before
            }
        }
    }

    /// The client of a subject that a token belongs to, if it is remembered. A token is of no use to another subject.
    func client(of token: [UInt8], _ subject: String) -> ClientID? {
        guard let id = clientOfToken[token], let position = position(of: id), entries[position].subject == subject
        else { return nil }
        return id
    }

    /// Moves the clients that came and went since the last call to a list, in order.
    mutating func takeChanges(into list: inout [ClientChange]) {
        list += changes
        changes.removeAll(keepingCapacity: true)
    }

    /// Admits a new or returning client under a new token.
    /// - Parameters:
    ///   - name: The name of a new client.
    ///   - admission: Whose it is, and what it sees at first.
    mutating func admit(
        _ known: ClientID?, name: String, _ admission: Admission, token: [UInt8], session: SessionID,
        presented: [UInt8]?
    ) -> ClientID {
        guard let known, let position = position(of: known) else {
            let id = ClientID(nextID)
            nextID += 1
            entries.append(Entry(id: id, name: name, admission, configuration, token: token, session: session))
            clientOfToken[token] = id
            changes.append(
                ClientChange(
                    id: id, name: name, subject: admission.subject, visibility: admission.visibility, kind: .joined))
            forgetOldestIfFull()
            return id
        }
        for old in [entries[position].token, entries[position].previousToken] {
            if let old, old != presented { clientOfToken[old] = nil }
        }
        entries[position].previousToken = presented
        entries[position].token = token
        entries[position].session = session
        entries[position].outcomes.endWaiting()
        clientOfToken[token] = known
        return known
    }

    /// A client's connection has ended.
    /// - Parameter isFinal: Whether the client does not come back.
    mutating func left(_ id: ClientID, _ session: SessionID, isFinal: Bool, at now: Duration) {
        guard let position = position(of: id), entries[position].session == session else { return }
        guard !isFinal else { return forget(id, .left(hasClosed: true)) }
        entries[position].session = nil
        entries[position].outcomes.endWaiting()
        lastDeparture += 1
        entries[position].departure = lastDeparture
        if departures.count >= 2 * entries.count { departures = departures.filter(isAway) }
        departures.append(Departure(number: lastDeparture, id: id, at: now))
        forgetOldestIfFull()
    }

    /// Forgets clients that have been away for too long.
    /// - Complexity: O(1) plus the forgotten clients.
    mutating func expire(now: Duration) {
        while let first = departures.first, !isAway(first) || now - first.at >= configuration.clientRetention {
            departures.removeFirst()
            if isAway(first) { forget(first.id, .left(hasClosed: false)) }
        }
    }

    private mutating func forgetOldestIfFull() {
        while entries.count > configuration.clientCountMax, let oldest = departures.popFirst() {
            if isAway(oldest) { forget(oldest.id, .left(hasClosed: false)) }
        }
    }

    /// Whether the client has not come back since this departure.
    private func isAway(_ departure: Departure) -> Bool {
        guard let position = position(of: departure.id) else { return false }
        return entries[position].session == nil && entries[position].departure == departure.number
    }

    private mutating func forget(_ id: ClientID, _ kind: ClientChange.Kind) {
        guard let position = position(of: id) else { return }
        changes.append(
            ClientChange(
                id: id, name: entries[position].name, subject: entries[position].subject,
                visibility: entries[position].visibility, kind: kind))
        clientOfToken[entries[position].token] = nil
        if let previous = entries[position].previousToken { clientOfToken[previous] = nil }
        rememberedSize -= entries[position].outcomes.size
        entries.remove(at: position)
    }

    /// Asserts the invariants that hold between two steps.
    func checkInvariants() {
        assert(zip(entries, entries.dropFirst()).allSatisfy { $0.id < $1.id }, "clients are sorted by their names")
        assert(
            entries.allSatisfy { clientOfToken[$0.token] == $0.id }, "each client is found by its token")
        assert(
            clientOfToken.count <= 2 * entries.count, "a token is forgotten with its client")
        assert(rememberedSize == entries.reduce(0) { $0 + $1.outcomes.size }, "what is remembered is counted")
    }

    private func position(of id: ClientID) -> Int? {
        // By position: an element that is handed to a closure would be copied.
        let position = entries.indices.partitionIndex { entries[$0].id >= id }
        return position < entries.count && entries[position].id == id ? position : nil
    }
}
