import DequeModule
import OrrerySchema
import OrreryWire

/// The outcomes of the last mutations of one client, by sequence number; clients count these up.
///
/// There is one place for each number from the oldest remembered to the newest seen, so that each step costs O(1).
struct OutcomeWindow {
    /// The state of a mutation with a given number.
    enum SequenceState {
        case new
        /// The world has it; the answer will come. `awaited`: the bytes reserved for the answer on the client's
        /// connection; 0 if it was not requested on that connection.
        case underWay(awaited: Int)
        case answered(MutationOutcome)
        /// Too old to be known.
        case forgotten
    }

    /// Two words in size: most outcomes are an effect that made no entity.
    private enum Place {
        case empty
        case underWay(awaited: Int)
        case applied(Tick)
        case decided(Outcome)
    }

    private final class Outcome {
        let outcome: MutationOutcome

        init(_ outcome: MutationOutcome) {
            self.outcome = outcome
        }
    }

    /// How many numbers are remembered.
    private let countMax: UInt64
    /// The most bytes of a value that is remembered with an outcome.
    private let valueSizeMax: Int
    private var places: Deque<Place> = []
    /// The number of the first place.
    private var first: UInt64 = 1
    /// The highest number seen.
    private var highest: UInt64 = 0
    private var oldestUnderWay: UInt64?
    private(set) var underWayCount = 0
    private(set) var decidedCount = 0
    /// Bytes that outcomes take besides their places, as allocated.
    private var heapSize = 0
    /// Numbers up to this one that are not in `places` were forgotten to make room.
    private var forgottenUpTo: UInt64 = 0

    /// Bytes per place in a queue with as much unused room as it may have.
    static let placeSize = 32

    init(countMax: Int, valueSizeMax: Int) {
        self.countMax = UInt64(countMax)
        self.valueSizeMax = valueSizeMax
    }

    /// Outcomes and mutations under way.
    var count: Int { decidedCount + underWayCount }

    /// Bytes that this window takes, as allocated.
    var size: Int { places.count * Self.placeSize + heapSize }

    /// The part of ``size`` that can be forgotten: the world still has the other mutations.
    var decidedSize: Int { decidedCount * Self.placeSize + heapSize }

    private subscript(sequence: UInt64) -> Place {
        sequence >= first && sequence - first < places.count ? places[Int(sequence - first)] : .empty
    }

    func state(of sequence: MutationSequence) -> SequenceState {
        let number = sequence.rawValue
        switch self[number] {
        case .underWay(let awaited): return .underWay(awaited: awaited)
        case .applied(let tick): return .answered(.applied(tick, entities: []))
        case .decided(let outcome): return .answered(outcome.outcome)
        case .empty:
            guard number > forgottenUpTo else { return .forgotten }
            guard number < highest else { return .new }
            return highest - number >= countMax ? .forgotten : .new
        }
    }

    /// Whether a new mutation fits without forgetting one that the world still has.
    func hasRoom(for sequence: MutationSequence) -> Bool {
        guard let oldestUnderWay, sequence.rawValue > oldestUnderWay else { return true }
        return sequence.rawValue - oldestUnderWay < countMax
    }

    /// The world has the mutation; the client's connection waits for the answer, for which `awaited` bytes are
    /// reserved.
    mutating func begin(_ sequence: MutationSequence, awaited: Int) {
        put(.underWay(awaited: awaited), at: sequence.rawValue)
    }

    /// The mutation is decided.
    /// - Parameter outcome: `nil` if it had no effect and may be sent again under its number.
    /// - Returns: The bytes reserved for its answer on the client's connection; 0 if the connection does not wait for
    ///   it.
    @discardableResult
    mutating func finish(_ sequence: MutationSequence, _ outcome: MutationOutcome?) -> Int {
        let awaited = if case .underWay(let awaited) = self[sequence.rawValue] { awaited } else { 0 }
        put(outcome.map { place(of: $0.withoutValue(longerThan: valueSizeMax)) } ?? .empty, at: sequence.rawValue)
        return awaited
    }

    private func place(of outcome: MutationOutcome) -> Place {
        if case .applied(let tick, let entities) = outcome, entities.isEmpty { return .applied(tick) }
        return .decided(Outcome(outcome))
    }

    /// The client has a new connection, which waits for no answers.
    mutating func endWaiting() {
        for position in places.indices {
            if case .underWay = places[position] { places[position] = .underWay(awaited: 0) }
        }
    }

    /// The bytes reserved for each answer that the client's connection waits for.
    var awaitedSizes: [Int] {
        places.compactMap { if case .underWay(let awaited) = $0, awaited > 0 { awaited } else { nil } }
    }

    /// Forgets the older half of the outcomes.
    mutating func forgetOlderHalf() {
        var rest = (decidedCount + 1) / 2
        for position in places.indices where rest > 0 && isDecided(places[position]) {
            let number = first + UInt64(position)
            set(.empty, at: number)
            forgottenUpTo = max(forgottenUpTo, number)
            rest -= 1
        }
        trim()
        // Copied, because a queue that held many keeps their room.
        places = Deque(places)
    }

    private func isDecided(_ place: Place) -> Bool {
        switch place {
        case .empty, .underWay: false
        case .applied, .decided: true
        }
    }

    private mutating func put(_ place: Place, at number: UInt64) {
        guard number > highest || highest - number < countMax else { return }
        highest = max(highest, number)
        // Places that are too old are removed: all of them if the number is far from the others.
        while let _ = places.first, highest - first >= countMax {
            set(.empty, at: first)
            removeFirst()
        }
        if places.isEmpty { first = number }
        while number < first {
            places.prepend(.empty)
            first -= 1
        }
        while number - first >= places.count { places.append(.empty) }
        set(place, at: number)
        trim()
    }

    /// Changes the content of an existing place.
    private mutating func set(_ place: Place, at number: UInt64) {
        let position = Int(number - first)
        count(places[position], -1)
        places[position] = place
        count(place, 1)
        if case .underWay = place {
            oldestUnderWay = min(oldestUnderWay ?? number, number)
        } else if number == oldestUnderWay {
            oldestUnderWay = underWayCount == 0 ? nil : nextUnderWay(after: position)
        }
    }

    /// - Complexity: O(1) for each mutation of a client whose mutations are decided in their order.
    private func nextUnderWay(after position: Int) -> UInt64? {
        let next = places[(position + 1)...].firstIndex { if case .underWay = $0 { true } else { false } }
        return next.map { first + UInt64($0) }
    }

    private mutating func count(_ place: Place, _ sign: Int) {
        switch place {
        case .empty: break
        case .underWay: underWayCount += sign
        case .applied: decidedCount += sign
        case .decided(let outcome):
            decidedCount += sign
            heapSize += sign * (16 + MemoryLayout<MutationOutcome>.stride + outcome.outcome.heapSize)
        }
    }

    /// Removes empty places at both ends.
    private mutating func trim() {
        while case .empty? = places.first { removeFirst() }
        while case .empty? = places.last { places.removeLast() }
    }

    private mutating func removeFirst() {
        places.removeFirst()
        // There may be no number after it; then there is no place either.
        first &+= 1
    }
}

extension MutationOutcome {
    /// Bytes that it takes besides its own place, as allocated.
    fileprivate var heapSize: Int {
        func size(_ byteCount: Int) -> Int { byteCount == 0 ? 0 : 32 + byteCount }
        return switch self {
        case .applied(_, let entities): size(entities.count * MemoryLayout<Entity>.stride)
        case .refused(let refusal): size(refusal.reason.utf8.count) + size(refusal.current?.count ?? 0)
        }
    }

    /// The same outcome; a refusal is without its value if that is longer than `sizeMax`.
    fileprivate func withoutValue(longerThan sizeMax: Int) -> MutationOutcome {
        guard case .refused(var refusal) = self, let current = refusal.current, current.count > sizeMax else {
            return self
        }
        refusal.current = nil
        return .refused(refusal)
    }
}
