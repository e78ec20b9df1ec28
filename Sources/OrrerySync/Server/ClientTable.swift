import OrrerySchema
import OrreryWire

/// Names a client over all its connections to one life of a world.
public struct ClientID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public static func < (left: ClientID, right: ClientID) -> Bool { left.rawValue < right.rawValue }
    public var description: String { String(rawValue) }
}

/// The clients that may come back, and what became of their mutations.
struct ClientTable {
    /// What is remembered of one client.
    struct Entry {
        let id: ClientID
        /// Mutations whose outcome is known to a repetition.
        let memory: UInt64
        /// Bytes of a value that an outcome is remembered with.
        let valueSizeMax: Int
        var token: [UInt8]
        /// The token before, until the client shows that it has the new one: a welcome may be lost.
        var previousToken: [UInt8]?
        var session: SessionID?
        var leftAt = Duration.zero
        private var highestSequence: UInt64 = 0
        /// Of the last `memory` sequences; `nil` while the world has it.
        private var outcomes: [UInt64: MutationOutcome?] = [:]
        /// Those that the world has, ascending.
        private var underWay: [UInt64] = []

        init(id: ClientID, _ configuration: SyncServerConfiguration, token: [UInt8], session: SessionID) {
            self.id = id
            memory = UInt64(configuration.pendingMutationMax)
            valueSizeMax = configuration.rememberedValueSizeMax
            self.token = token
            self.session = session
        }
    }

    private let configuration: SyncServerConfiguration
    /// Ascending by name.
    private var entries: [Entry] = []
    private var clientOfToken: [[UInt8]: ClientID] = [:]
    private var nextID: UInt64 = 1

    init(_ configuration: SyncServerConfiguration) {
        self.configuration = configuration
    }

    var count: Int { entries.count }
    var tokenCount: Int { clientOfToken.count }
    /// Of the client of whom most is remembered.
    var outcomeCountMax: Int { entries.reduce(0) { max($0, $1.outcomeCount) } }

    /// The session that a client has now.
    func session(of id: ClientID) -> SessionID? { position(of: id).flatMap { entries[$0].session } }

    /// Changes what is remembered of a client, in place.
    /// - Returns: `nil` for a client that is not remembered.
    /// - Complexity: O(log n) besides `body`.
    mutating func withEntry<R>(_ id: ClientID, _ body: (inout Entry) -> R) -> R? {
        guard let position = position(of: id) else { return nil }
        return body(&entries[position])
    }

    /// The client that a token belongs to, if it is remembered.
    func client(of token: [UInt8]) -> ClientID? { clientOfToken[token] }

    /// Takes a client in, or in again, under a new token.
    mutating func admit(_ known: ClientID?, token: [UInt8], session: SessionID, presented: [UInt8]?) -> ClientID {
        guard let known, let position = position(of: known) else {
            let id = ClientID(nextID)
            nextID += 1
            entries.append(Entry(id: id, configuration, token: token, session: session))
            clientOfToken[token] = id
            forgetOldestIfFull()
            return id
        }
        for old in [entries[position].token, entries[position].previousToken] {
            if let old, old != presented { clientOfToken[old] = nil }
        }
        entries[position].previousToken = presented
        entries[position].token = token
        entries[position].session = session
        clientOfToken[token] = known
        return known
    }

    mutating func left(_ id: ClientID, _ session: SessionID, at now: Duration) {
        guard let position = position(of: id), entries[position].session == session else { return }
        entries[position].session = nil
        entries[position].leftAt = now
        forgetOldestIfFull()
    }

    /// Forgets clients that have been away for too long.
    mutating func expire(now: Duration) {
        for entry in entries where entry.session == nil && now - entry.leftAt >= configuration.clientRetention {
            forget(entry.id)
        }
    }

    private mutating func forgetOldestIfFull() {
        guard entries.count > configuration.clientCountMax else { return }
        if let oldest = entries.filter({ $0.session == nil }).min(by: { $0.leftAt < $1.leftAt }) { forget(oldest.id) }
    }

    private mutating func forget(_ id: ClientID) {
        guard let position = position(of: id) else { return }
        clientOfToken[entries[position].token] = nil
        if let previous = entries[position].previousToken { clientOfToken[previous] = nil }
        entries.remove(at: position)
    }

    private func position(of id: ClientID) -> Int? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].id == id ? low : nil
    }
}

extension ClientTable.Entry {
    /// What a mutation with that number is to this client.
    enum Standing {
        case new
        /// The world has it; the answer will come.
        case underWay
        case answered(MutationOutcome)
        /// Too long ago to be known.
        case forgotten
    }

    var outcomeCount: Int { outcomes.count }

    func standing(of sequence: MutationSequence) -> Standing {
        if let known = outcomes[sequence.rawValue] { return known.map { .answered($0) } ?? .underWay }
        guard sequence.rawValue < highestSequence else { return .new }
        return highestSequence - sequence.rawValue >= memory ? .forgotten : .new
    }

    /// Whether a new mutation may be taken in without one that the world still has being forgotten for it.
    /// - Complexity: O(1).
    func hasRoom(for sequence: MutationSequence) -> Bool {
        guard let oldest = underWay.first, sequence.rawValue > oldest else { return true }
        return sequence.rawValue - oldest < memory
    }

    /// The world has it.
    mutating func begin(_ sequence: MutationSequence) {
        // Mostly the last, since clients count up.
        let position = underWay.lastIndex { $0 < sequence.rawValue }.map { $0 + 1 } ?? 0
        underWay.insert(sequence.rawValue, at: position)
        keep(sequence, nil)
    }

    /// It is decided.
    mutating func remember(_ sequence: MutationSequence, _ outcome: MutationOutcome) {
        endWaiting(sequence)
        keep(sequence, outcome.withoutValue(longerThan: valueSizeMax))
    }

    /// It had no effect, and may be sent again under its number.
    mutating func forget(_ sequence: MutationSequence) {
        endWaiting(sequence)
        outcomes[sequence.rawValue] = nil
    }

    private mutating func endWaiting(_ sequence: MutationSequence) {
        // Mostly the first, since the world decides in order.
        if let position = underWay.firstIndex(of: sequence.rawValue) { underWay.remove(at: position) }
    }

    private mutating func keep(_ sequence: MutationSequence, _ outcome: MutationOutcome?) {
        outcomes[sequence.rawValue] = .some(outcome)
        guard sequence.rawValue > highestSequence else { return }
        if sequence.rawValue - highestSequence > memory {
            outcomes = outcomes.filter { sequence.rawValue - $0.key < memory }
        } else {
            for old in highestSequence..<sequence.rawValue where old >= memory { outcomes[old + 1 - memory] = nil }
        }
        highestSequence = sequence.rawValue
    }
}

extension MutationOutcome {
    /// The same, and of a refusal only the words where its value is long.
    fileprivate func withoutValue(longerThan sizeMax: Int) -> MutationOutcome {
        guard case .refused(var refusal) = self, let current = refusal.current, current.count > sizeMax else {
            return self
        }
        refusal.current = nil
        return .refused(refusal)
    }
}
