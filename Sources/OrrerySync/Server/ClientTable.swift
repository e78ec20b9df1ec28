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
        /// What is not in `outcomes` up to this one was forgotten for want of room.
        private var forgottenUpTo: UInt64 = 0
        /// What `outcomes` takes, as allocated.
        private(set) var rememberedSize = 0

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
    /// What the outcomes of all clients take, as allocated.
    private(set) var rememberedSize = 0

    init(_ configuration: SyncServerConfiguration) {
        self.configuration = configuration
    }

    var count: Int { entries.count }
    var tokenCount: Int { clientOfToken.count }
    /// Of the client of whom most is remembered.
    var outcomeCountMax: Int { entries.reduce(0) { max($0, $1.outcomeCount) } }

    /// What takes room and can be forgotten, of all clients.
    var decidedSize: Int { entries.reduce(0) { $0 + $1.decidedSize } }

    /// The session that a client has now.
    func session(of id: ClientID) -> SessionID? { position(of: id).flatMap { entries[$0].session } }

    /// Changes what is remembered of a client, in place.
    /// - Returns: `nil` for a client that is not remembered.
    /// - Complexity: O(log n) besides `body`.
    mutating func withEntry<R>(_ id: ClientID, _ body: (inout Entry) -> R) -> R? {
        guard let position = position(of: id) else { return nil }
        let before = entries[position].rememberedSize
        let result = body(&entries[position])
        rememberedSize += entries[position].rememberedSize - before
        if rememberedSize > configuration.rememberedSizeMax { forgetOutcomes() }
        return result
    }

    /// Makes room: those of whom most is remembered lose the older half of it, so that it is the others who keep what they have.
    /// - Complexity: O(clients); what it frees lasts for many mutations.
    private mutating func forgetOutcomes() {
        while rememberedSize > configuration.rememberedSizeMax {
            let most = entries.reduce(0) { max($0, $1.decidedSize) }
            guard most > 0 else { return }
            for position in entries.indices where entries[position].decidedSize * 2 >= most {
                let before = entries[position].rememberedSize
                entries[position].forgetOlderHalf()
                rememberedSize += entries[position].rememberedSize - before
            }
        }
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
        rememberedSize -= entries[position].rememberedSize
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

    /// What can be forgotten: of the others the world still has the mutation.
    var decidedSize: Int { rememberedSize - underWay.count * Self.outcomeSize }

    /// What a number and an outcome take in a table that is as empty as it may be.
    static let outcomeSize = 128

    func standing(of sequence: MutationSequence) -> Standing {
        if let known = outcomes[sequence.rawValue] { return known.map { .answered($0) } ?? .underWay }
        guard sequence.rawValue > forgottenUpTo else { return .forgotten }
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
        drop(sequence.rawValue)
    }

    /// Those of which it is known what became of them, the older half.
    fileprivate mutating func forgetOlderHalf() {
        let decided = outcomes.filter { $0.value != nil }.keys.sorted()
        for sequence in decided.prefix((decided.count + 1) / 2) {
            drop(sequence)
            forgottenUpTo = max(forgottenUpTo, sequence)
        }
        // A table that had many keeps their room.
        outcomes = outcomes.filter { _ in true }
    }

    private mutating func drop(_ sequence: UInt64) {
        guard let known = outcomes.removeValue(forKey: sequence) else { return }
        rememberedSize -= Self.outcomeSize + (known?.heapSize ?? 0)
    }

    private mutating func endWaiting(_ sequence: MutationSequence) {
        // Mostly the first, since the world decides in order.
        if let position = underWay.firstIndex(of: sequence.rawValue) { underWay.remove(at: position) }
    }

    private mutating func keep(_ sequence: MutationSequence, _ outcome: MutationOutcome?) {
        drop(sequence.rawValue)
        outcomes[sequence.rawValue] = .some(outcome)
        rememberedSize += Self.outcomeSize + (outcome?.heapSize ?? 0)
        guard sequence.rawValue > highestSequence else { return }
        if sequence.rawValue - highestSequence > memory {
            for old in outcomes.keys where sequence.rawValue - old >= memory { drop(old) }
        } else {
            for old in highestSequence..<sequence.rawValue where old >= memory { drop(old + 1 - memory) }
        }
        highestSequence = sequence.rawValue
    }
}

extension MutationOutcome {
    /// What it takes beside its own place, as allocated.
    fileprivate var heapSize: Int {
        func size(_ byteCount: Int) -> Int { byteCount == 0 ? 0 : 32 + byteCount }
        return switch self {
        case .applied(_, let entities): size(entities.count * MemoryLayout<Entity>.stride)
        case .refused(let refusal): size(refusal.reason.utf8.count) + size(refusal.current?.count ?? 0)
        }
    }

    /// The same, and of a refusal only the words where its value is long.
    fileprivate func withoutValue(longerThan sizeMax: Int) -> MutationOutcome {
        guard case .refused(var refusal) = self, let current = refusal.current, current.count > sizeMax else {
            return self
        }
        refusal.current = nil
        return .refused(refusal)
    }
}
