/// The limited places for peers between the TCP connection and a complete request, and which peer has to leave.
///
/// The oldest leaves first, however much it has sent: an honest peer is done after one to three round trips.
package struct HandshakePlaces {
    /// The ID of a place; never reused.
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
    /// Oldest first. Places that were left are nil until they are at the front. Bound: twice `countMax`.
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

    /// Gives a place to a peer, and returns the peer that loses its place for it.
    /// - Parameters:
    ///   - id: Higher than all IDs before.
    ///   - now: A time that never goes back.
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

    /// Frees a place because the peer's request has arrived or the peer has left. Does nothing for an ID without a
    /// place.
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

    /// How long a peer may currently keep its place: the full time while less than half of the places are taken, then
    /// less and less.
    package var timeoutNow: Duration {
        let free = countMax - count
        guard free * 2 < countMax else { return timeout }
        return timeoutMin + (timeout - timeoutMin) * free * 2 / countMax
    }

    /// Frees the places of peers that kept them too long.
    package mutating func takeOverdue(now: Duration) -> [ID] {
        // Computed once: peers that are overdue now stay overdue when others leave.
        let timeout = timeoutNow
        let overdue = Array(places.lazy.compactMap { $0 }.prefix { now - $0.arrival >= timeout }.map(\.id))
        for id in overdue { leave(id) }
        return overdue
    }
}
