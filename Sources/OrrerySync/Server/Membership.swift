import OrreryQuery
import OrrerySchema
import OrreryStore

/// The members of a query, each with the tick at which it joined, and those who left, with the tick at which they did.
///
/// So whoever knows the members of any earlier tick can be told who joined and left since, and nothing is kept for
/// anybody. The one member of a query of a resource is ``Entity/resource``, while the resource is there and matches;
/// those of what the server shows of itself are named by their rows.
struct Membership {
    struct Leaving {
        var entity: Entity
        var tick: Tick
    }

    /// Ascending.
    private(set) var members: [Entity] = []
    /// When each member joined.
    private(set) var joinTicks: [Tick] = []
    /// In the order in which they left. Whoever came back is among the members too.
    private(set) var leavings: [Leaving] = []
    /// Everyone who left after this tick is in ``leavings``.
    private(set) var knownSince: Tick
    /// When somebody last joined.
    private(set) var newestJoin = Tick.zero
    /// Whether the members are no entities of the world.
    let isOutsideWorld: Bool

    /// Leavings that are kept for those who are behind; beyond it, the older half is forgotten, or all of earlier
    /// ticks. Bounds the memory of a query whose members come and go.
    static let leavingCountMax = 768

    /// Nobody, of a query that was not evaluated yet.
    init(of query: Query, at tick: Tick) {
        knownSince = tick
        isOutsideWorld = query.rowKind != .entities
    }

    /// Those of these entities that live. They do since their births: who died is known without having been watched.
    init(_ listed: [Entity], in store: ComponentStore) {
        knownSince = .zero
        isOutsideWorld = false
        for entity in listed {
            if store.contains(entity) {
                members.append(entity)
                joinTicks.append(store.entities.membershipTick(of: entity.index))
            } else {
                leavings.append(Leaving(entity: entity, tick: store.entities.tick(of: entity.index)))
            }
        }
        leavings.sort { $0.tick < $1.tick }
        newestJoin = joinTicks.max() ?? .zero
    }

    /// Takes what an evaluation found.
    /// - Parameters:
    ///   - candidates: The rows that were looked at; `nil` for all.
    ///   - matching: Those of them that match.
    /// - Returns: Whether anybody joined or left.
    /// - Complexity: O(candidates / 64 + members among them), and O(members) if many joined or left.
    mutating func update(among candidates: RowSet?, matching: RowSet, in store: ComponentStore) -> Bool {
        var moves = moved(
            among: candidates ?? matching.union(RowSet(members.lazy.map(\.index))), matching: matching, in: store)
        return take(&moves, at: store.tick)
    }

    private func moved(among candidates: RowSet, matching: RowSet, in store: ComponentStore) -> Moves {
        var moves = Moves()
        var generations = GenerationReader(isOutsideWorld ? nil : store)
        var next = 0
        candidates.forEachWord(and: matching) { firstRow, candidates, matching in
            next = position(of: firstRow, from: next)
            var joined = matching
            while next < members.count, members[next].index - firstRow < 64 {
                let (member, bit) = (members[next], UInt64(1) << UInt64(members[next].index - firstRow))
                if matching & bit != 0, generations.generation(at: member.index) == member.generation,
                    hasStayed(next, in: store)
                {
                    joined &= ~bit
                } else if candidates & bit != 0 {
                    moves.gone.append(next)
                }
                next += 1
            }
            while joined != 0 {
                let row = firstRow + UInt32(joined.trailingZeroBitCount)
                moves.new.append(Entity(index: row, generation: generations.generation(at: row)))
                joined &= joined - 1
            }
        }
        return moves
    }

    /// Takes what an evaluation of some pages found.
    /// - Parameter matching: The rows that match, ascending.
    /// - Returns: Whether anybody joined or left.
    /// - Complexity: O(rows that match + members in the pages), and O(members) if many joined or left.
    mutating func update(
        _ matching: ArraySlice<ConcernedRow>, amongPages pages: Range<Int>, in store: ComponentStore
    ) -> Bool {
        var moves = Moves()
        var generations = GenerationReader(isOutsideWorld ? nil : store)
        var next = members.partitionIndex { $0.index >= pages.lowerBound * RowSet.pageRows }
        func pass(upTo row: Int) {
            while next < members.count, members[next].index < row {
                moves.gone.append(next)
                next += 1
            }
        }
        for row in matching.lazy.map(\.row) {
            pass(upTo: Int(row))
            let entity = Entity(index: row, generation: generations.generation(at: row))
            if next < members.count, members[next] == entity, hasStayed(next, in: store) {
                next += 1
            } else {
                moves.new.append(entity)
            }
        }
        pass(upTo: pages.upperBound * RowSet.pageRows)
        return take(&moves, at: store.tick)
    }

    /// Whether a member was there all the time since it joined. For a client, one that was hidden in between is gone,
    /// and somebody who comes anew.
    private func hasStayed(_ position: Int, in store: ComponentStore) -> Bool {
        !store.entitiesMayReturn || isOutsideWorld
            || store.entities.membershipTick(of: members[position].index) <= joinTicks[position]
    }

    /// The position of the first member at or after a row, which is not before another position.
    private func position(of row: UInt32, from first: Int) -> Int {
        var position = first
        // Most often it is near.
        for _ in 0..<8 {
            guard position < members.count, members[position].index < row else { return position }
            position += 1
        }
        return members[position...].partitionIndex { $0.index >= row }
    }

    /// Who left before this tick is not known.
    mutating func begin(at tick: Tick) { knownSince = tick }

    /// Who joined and left, of one query after another: kept for its memory.
    struct Moves {
        /// The positions of those who left, ascending.
        fileprivate var gone: [Int] = []
        /// Those who joined, ascending.
        fileprivate var new: [Entity] = []
        /// Where each of them comes among those who stayed.
        fileprivate var places: [Int] = []

        fileprivate mutating func removeAll() {
            gone.removeAll(keepingCapacity: true)
            new.removeAll(keepingCapacity: true)
            places.removeAll(keepingCapacity: true)
        }
    }

    /// Tests some rows anew, and notes what became of the members at each.
    /// - Parameters:
    ///   - rows: Ascending. No other row is one of somebody who joined or left.
    ///   - hasLifeChanged: Whether somebody may have died.
    /// - Returns: Whether somebody in one of the rows is or was a member.
    /// - Complexity: O(rows x (nodes + log members)), and O(members) if anybody joined or left.
    mutating func update(
        _ rows: UnsafeMutableBufferPointer<ConcernedRow>, _ query: Query, hasLifeChanged: Bool,
        in store: ComponentStore, _ moves: inout Moves
    ) -> Bool {
        moves.removeAll()
        var concernsMembers = false
        for index in rows.indices {
            let (row, isMember) = (rows[index].row, rows[index].isMember)
            let position = members.partitionIndex { $0.index >= row }
            let known = position < members.count && members[position].index == row ? members[position] : nil
            // Who was a member lives on in a tick in which nobody died.
            var member =
                isMember == false ? nil : hasLifeChanged ? store.entity(at: row) : known ?? store.entity(at: row)
            if isMember == nil, let entity = member, !query.matches(entity, of: store) { member = nil }
            guard known != nil || member != nil else { continue }
            concernsMembers = true
            if known == member, hasStayed(position, in: store) {
                rows[index].outcome = .stayed
                continue
            }
            if let known {
                moves.gone.append(position)
                // Whom clients have seen go and come back has joined, and did not leave.
                if known != member {
                    rows[index].outcome.insert(!hasLifeChanged || store.contains(known) ? .left : .died)
                }
            }
            if let member {
                moves.new.append(member)
                rows[index].outcome.insert(.joined)
            }
        }
        _ = take(&moves, at: store.tick)
        return concernsMembers
    }

    /// Takes who of the members is still in the region of a query, and who has come into it, and tests them.
    /// - Parameters:
    ///   - hasLifeChanged: Whether somebody may have died.
    ///   - rows: Takes what became of the members at each row, ascending, but for those who stayed.
    /// - Complexity: O(members + others), times nodes if more than the region decides.
    mutating func update(
        _ found: RegionLook, _ query: Query, hasLifeChanged: Bool, in store: ComponentStore, _ moves: inout Moves,
        to rows: inout [ConcernedRow]
    ) {
        moves.removeAll()
        let (others, isDecided) = (found.others, query.isDecidedByRegion)
        // Most often, nobody comes or goes.
        if others.isEmpty, isDecided, !hasLifeChanged, found.stayedCount == members.count, !store.entitiesMayReturn {
            return
        }
        func join(_ row: UInt32) {
            guard let entity = store.entity(at: row), isDecided || query.matches(entity, of: store) else { return }
            moves.new.append(entity)
            rows.append(ConcernedRow(row: row, outcome: .joined))
        }
        var next = 0
        for (position, known) in members.enumerated() {
            let row = known.index
            while next < others.count, others[next] < row {
                join(others[next])
                next += 1
            }
            var member = found.hasStayed(row) ? hasLifeChanged ? store.entity(at: row) : known : nil
            if !isDecided, let entity = member, !query.matches(entity, of: store) { member = nil }
            guard known != member || !hasStayed(position, in: store) else { continue }
            var outcome: ConcernedRow.Outcome = []
            moves.gone.append(position)
            // Whom clients have seen go and come back has joined, and did not leave.
            if known != member { outcome.insert(!hasLifeChanged || store.contains(known) ? .left : .died) }
            if let member {
                moves.new.append(member)
                outcome.insert(.joined)
            }
            rows.append(ConcernedRow(row: row, outcome: outcome))
        }
        for row in others[next...] { join(row) }
        _ = take(&moves, at: store.tick)
    }

    /// - Returns: Whether anybody joined or left.
    private mutating func take(_ moves: inout Moves, at tick: Tick) -> Bool {
        guard !moves.gone.isEmpty || !moves.new.isEmpty else { return false }
        forgetLeavings()
        for position in moves.gone { leavings.append(Leaving(entity: members[position], tick: tick)) }
        var goneBefore = 0
        for entity in moves.new {
            let position = members.partitionIndex { $0 >= entity }
            while goneBefore < moves.gone.count, moves.gone[goneBefore] < position { goneBefore += 1 }
            moves.places.append(position - goneBefore)
        }
        members.replace(at: moves.gone, inserting: moves.new, at: moves.places)
        joinTicks.replace(
            at: moves.gone, inserting: repeatElement(tick, count: moves.new.count), at: moves.places)
        if !moves.new.isEmpty { newestJoin = tick }
        return true
    }

    /// Those of this tick stay: nobody was told of them yet.
    private mutating func forgetLeavings() {
        guard leavings.count > max(Self.leavingCountMax, members.count) else { return }
        let last = leavings[leavings.count / 2].tick
        leavings.removeFirst(leavings.partitionIndex { $0.tick > last })
        knownSince = last
    }

    /// Calls `body` with each member, ascending, and the tick at which it joined.
    func forEachMember(_ body: (Entity, _ joined: Tick) -> Void) {
        for position in members.indices { body(members[position], joinTicks[position]) }
    }

    /// Those of the members who joined up to a tick.
    func members(at tick: Tick) -> [Entity] {
        newestJoin <= tick ? members : members.indices.filter { joinTicks[$0] <= tick }.map { members[$0] }
    }

    /// Calls `body` with those who left after a tick and did not come back, ascending.
    /// - Complexity: O(log leavings), plus O(log members) for each who left.
    func forEachLeaving(after tick: Tick, _ body: (Entity) -> Void) {
        guard let newest = leavings.last, newest.tick > tick else { return }
        // Those of the newest tick are at hand, most often.
        var start = leavings.count - 1
        while start > 0, leavings[start - 1].tick == newest.tick { start -= 1 }
        if start > 0, leavings[start - 1].tick > tick { start = leavings.partitionIndex { $0.tick > tick } }
        guard leavings[start].tick < newest.tick else {
            // Those of one tick ascend.
            for leaving in leavings[start...] where !contains(leaving.entity) { body(leaving.entity) }
            return
        }
        for entity in Set(leavings[start...].lazy.map(\.entity)).sorted() where !contains(entity) { body(entity) }
    }

    /// Who may be a member at a row: the living entity there, or what stands for the row.
    func candidate(at row: UInt32, in store: ComponentStore) -> Entity? {
        isOutsideWorld ? Entity(statusRow: row) : store.entity(at: row)
    }

    func contains(_ entity: Entity) -> Bool {
        let position = members.partitionIndex { $0 >= entity }
        return position < members.count && members[position] == entity
    }

    /// The bytes that it takes, as allocated.
    var byteCount: Int {
        members.capacity * MemoryLayout<Entity>.stride + joinTicks.capacity * MemoryLayout<Tick>.stride
            + leavings.capacity * MemoryLayout<Leaving>.stride
    }

    /// Traps if it is not what a whole evaluation finds.
    /// - Parameter matching: The rows of that.
    func checkInvariants(_ matching: RowSet, of query: Query, in store: ComponentStore) {
        assert(zip(members, members.dropFirst()).allSatisfy { $0.index < $1.index }, "members ascend")
        assert(members.count == joinTicks.count && joinTicks.max() ?? .zero <= newestJoin, "each joined at a tick")
        assert(zip(leavings, leavings.dropFirst()).allSatisfy { $0.tick <= $1.tick }, "leavings are in their order")
        assert(members.map(\.index) == matching.indexes, "the members are those who match")
        assert(isOutsideWorld || members.allSatisfy(store.contains), "members live")
    }
}

extension Array {
    /// Removes some elements, and inserts others, all of them in place.
    ///
    /// What lies between two of them is moved as one block: for 50 of each among 50,000, a third of what a new array
    /// takes; a column with a place for every row would take a fifth of this, and all rows for each small query.
    /// - Parameters:
    ///   - removed: Positions, ascending.
    ///   - places: Positions in what is left, ascending: where each of the new ones comes before what is there.
    /// - Complexity: O(elements after the first position), as moves of memory.
    fileprivate mutating func replace(
        at removed: [Int], inserting new: some RandomAccessCollection<Element>, at places: [Int]
    ) {
        let (oldCount, kept) = (count, count - removed.count)
        if new.count > removed.count, let filler = new.first {
            append(contentsOf: repeatElement(filler, count: new.count - removed.count))
        }
        withUnsafeMutableBufferPointer { elements in
            guard let base = elements.baseAddress else { return }
            for (number, position) in removed.enumerated() {
                let end = number + 1 < removed.count ? removed[number + 1] : oldCount
                (base + position - number).update(from: base + position + 1, count: end - position - 1)
            }
            var end = kept
            for (number, place) in places.enumerated().reversed() {
                (base + place + number + 1).update(from: base + place, count: end - place)
                base[place + number] = new[new.index(new.startIndex, offsetBy: number)]
                end = place
            }
        }
        removeLast(count - kept - new.count)
    }
}

/// Reads the generations of living entities, of one page after another.
private struct GenerationReader {
    /// `nil` for what is no entity of the world, all of generation 0.
    private let entities: Column?
    private var page: (number: UInt32, handle: PageHandle)?

    init(_ store: ComponentStore?) { entities = store?.entities }

    /// The generation of the living entity at a row.
    mutating func generation(at row: UInt32) -> UInt32 {
        guard let entities else { return 0 }
        let number = row / UInt32(RowSet.pageRows)
        if page?.number != number { page = entities.page(at: Int(number)).map { (number, $0) } }
        guard let page else { return 0 }
        let bytes = page.handle.fixedValues(from: Int(row) % RowSet.pageRows)
        return UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
    }
}
