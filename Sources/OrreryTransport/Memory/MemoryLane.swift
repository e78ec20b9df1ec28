/// One direction of a connection in memory, with what a bad network does to it. What is sent first arrives first.
///
/// Touched inside the network's lock only.
package final class MemoryLane {
    /// How one direction treats what is sent.
    package struct Condition: Hashable, Sendable {
        /// How long each message is under way.
        package var delay: Duration = .zero
        /// Whether nothing arrives. It stays under way, in order, until this is over.
        package var isHanging = false

        package init() {}
    }

    var condition = Condition()
    /// What is under way. Bound: that of the two ends, whose links and waiting messages it is made of.
    private var events = Queue<(event: MemoryLoop.Event, endpoint: MemoryEndpoint, due: Duration)>()
    private var next: (event: MemoryLoop.Event, endpoint: MemoryEndpoint, due: Duration)?
    private var lastDue = Duration.zero
    /// Set when the sender has gone: what it sent arrives no earlier.
    var heldUntil = Duration.zero

    var isEmpty: Bool { next == nil }

    /// - Returns: whether it is held back; otherwise it arrives now.
    func hold(_ event: MemoryLoop.Event, to endpoint: MemoryEndpoint, at now: Duration) -> Bool {
        guard condition.isHanging || condition.delay > .zero || !isEmpty else { return false }
        // What is sent later never overtakes, also when the delay has become shorter.
        lastDue = max(lastDue, now + condition.delay)
        if isEmpty { next = (event, endpoint, lastDue) } else { events.append((event, endpoint, lastDue)) }
        return true
    }

    /// Lets everything arrive that is due.
    func release(at now: Duration) {
        while !condition.isHanging, let (event, endpoint, due) = next, max(due, heldUntil) <= now {
            endpoint.loop?.push(event)
            next = events.popFirst()
        }
    }
}

extension MemoryNetwork {
    /// Moves the time of messages that are under way. Only for loops that are polled; it never goes back.
    package func advance(to now: Duration) {
        lock.withLock {
            self.now = now
            releaseLanes()
        }
    }

    /// The one way from one side of a connection to the other.
    func deliver(_ event: MemoryLoop.Event, to endpoint: MemoryEndpoint) {
        guard let lane = endpoint.lane else { return endpoint.loop?.push(event) ?? () }
        let wasEmpty = lane.isEmpty
        guard lane.hold(event, to: endpoint, at: now) else { return endpoint.loop?.push(event) ?? () }
        if wasEmpty { busyLanes.append(lane) }
    }

    fileprivate func releaseLanes() {
        for lane in busyLanes { lane.release(at: now) }
        busyLanes.removeAll(where: \.isEmpty)
    }
}

extension MemoryLoop {
    /// How this client's connections treat what is sent, in each direction. Takes effect at once, for what is under way
    /// too.
    package func setConditions(toServer: MemoryLane.Condition, toClient: MemoryLane.Condition) {
        network.lock.withLock {
            self.toServer.condition = toServer
            self.toClient.condition = toClient
            network.releaseLanes()
        }
    }
}
