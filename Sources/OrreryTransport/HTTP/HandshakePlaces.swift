/// Who has a place between TCP and a whole request, and who loses it to whom.
///
/// The oldest goes first, however much it has said: an honest peer is through in a round trip or three.
package struct HandshakePlaces {
    /// Names a place; never used again.
    package typealias ID = UInt64

    private struct Place {
        let id: ID
        let share: NetworkHost?
        let arrival: Duration
    }

    private let countMax: Int
    private let shareMax: Int
    private let unlimited: Set<NetworkHost>
    private let timeout: Duration
    private let timeoutMin: Duration
    /// Oldest first; those that left are nil until they are at the beginning. Bound: twice `countMax`.
    private var places: [Place?] = []
    private var positions: [ID: Int] = [:]
    private var counts: [NetworkHost: Int] = [:]

    package init(limits: TransportLimits) {
        countMax = max(1, limits.handshakeCountMax)
        shareMax = max(1, limits.handshakeShareMax)
        unlimited = Set(limits.proxyAddresses.compactMap { NetworkHost($0) })
        timeout = limits.handshakeTimeout
        timeoutMin = min(limits.handshakeTimeoutMin, limits.handshakeTimeout)
    }

    package var count: Int { positions.count }

    /// Gives a place to a peer, and says who loses one for it.
    /// - Parameters:
    ///   - id: higher than all before.
    ///   - now: a time that does not go back.
    /// - Complexity: O(`countMax`) at worst.
    package mutating func take(_ id: ID, for address: NetworkHost?, now: Duration) -> ID? {
        let share = address.flatMap { $0.isLoopback || unlimited.contains($0) ? nil : $0.share }
        var loser: ID?
        if let share, counts[share, default: 0] >= shareMax {
            loser = places.lazy.compactMap { $0 }.first { $0.share == share }?.id
        } else if count >= countMax {
            loser = places.lazy.compactMap { $0 }.first?.id
        }
        if let loser { leave(loser) }
        if places.count >= 2 * countMax { compact() }
        positions[id] = places.count
        places.append(Place(id: id, share: share, arrival: now))
        if let share { counts[share, default: 0] += 1 }
        return loser
    }

    /// The peer's request is there, or the peer is gone. Does nothing for one without a place.
    package mutating func leave(_ id: ID) {
        guard let position = positions.removeValue(forKey: id), let place = places[position] else { return }
        places[position] = nil
        guard let share = place.share, let count = counts[share] else { return }
        counts[share] = count > 1 ? count - 1 : nil
    }

    private mutating func compact() {
        places.removeAll { $0 == nil }
        for (position, place) in places.enumerated() { if let place { positions[place.id] = position } }
    }

    /// How long a peer may keep its place now: all the time while less than half of the places are taken, then ever
    /// less.
    package var timeoutNow: Duration {
        let free = countMax - count
        guard free * 2 < countMax else { return timeout }
        return timeoutMin + (timeout - timeoutMin) * free * 2 / countMax
    }

    /// Takes the places of those away that had them for too long.
    package mutating func takeOverdue(now: Duration) -> [ID] {
        // Once for all: who is overdue now does not become less so by the others' leaving.
        let timeout = timeoutNow
        let overdue = Array(places.lazy.compactMap { $0 }.prefix { now - $0.arrival >= timeout }.map(\.id))
        for id in overdue { leave(id) }
        return overdue
    }
}
