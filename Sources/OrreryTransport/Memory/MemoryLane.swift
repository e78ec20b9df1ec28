/// One direction of an in-memory connection, with simulated network faults. Messages arrive in the order sent.
///
/// Only accessed inside the network's lock.
package final class MemoryLane {
    /// How one direction treats messages.
    package struct Condition: Hashable, Sendable {
        /// How long each message takes.
        package var delay: Duration = .zero
        /// Whether the lane hangs: messages stay on the way, in order, until this is false again.
        package var isHanging = false

        package init() {}
    }

    var condition = Condition()
    /// The events on the way. Bound: that of the two ends, whose links and waiting messages they belong to.
    private var events = Queue<(event: MemoryLoop.Event, endpoint: MemoryEndpoint, due: Duration)>()
    private var next: (event: MemoryLoop.Event, endpoint: MemoryEndpoint, due: Duration)?
    private var lastDue = Duration.zero
    /// Set when the sender has gone: what it sent does not arrive earlier than this.
    var heldUntil = Duration.zero

    var isEmpty: Bool { next == nil }

    /// - Returns: Whether the event is held back; otherwise it arrives now.
    func hold(_ event: MemoryLoop.Event, to endpoint: MemoryEndpoint, at now: Duration) -> Bool {
        guard condition.isHanging || condition.delay > .zero || !isEmpty else { return false }
        // Later messages never overtake earlier ones, even if the delay has become shorter.
        lastDue = max(lastDue, now + condition.delay)
        if isEmpty { next = (event, endpoint, lastDue) } else { events.append((event, endpoint, lastDue)) }
        return true
    }

    /// Delivers everything that is due.
    func release(at now: Duration) {
        while !condition.isHanging, let (event, endpoint, due) = next, max(due, heldUntil) <= now {
            endpoint.loop?.push(event)
            next = events.popFirst()
        }
    }
}

extension MemoryNetwork {
    /// Advances the time of messages on the way. Only for polled loops; time never goes back.
    package func advance(to now: Duration) {
        lock.withLock {
            self.now = now
            releaseLanes()
        }
    }

    /// The only path from one side of a connection to the other.
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
    /// Sets how this client's connections treat messages, in each direction. Takes effect immediately, also for
    /// messages on the way.
    package func setConditions(toServer: MemoryLane.Condition, toClient: MemoryLane.Condition) {
        network.lock.withLock {
            self.toServer.condition = toServer
            self.toClient.condition = toClient
            network.releaseLanes()
        }
    }
}
