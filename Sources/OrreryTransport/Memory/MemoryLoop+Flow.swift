/// Flow control: waiting messages, progress, and paused reading.
extension MemoryLoop {
    public func pendingByteCount(of connection: ConnectionID) -> Int {
        network.lock.withLock {
            guard let endpoint = endpoints[connection], !endpoint.isClosed else { return 0 }
            return endpoint.pendingByteCount(linkByteCountMax: network.linkByteCountMax)
        }
    }

    /// - Complexity: O(number of connections).
    public var pendingByteCount: Int { pendingByteCounts.reduce(0) { $0 + $1.1 } }

    /// The bytes that wait for each connection, counted as by ``pendingByteCount(of:)``, in ascending order of
    /// connection ID.
    package var pendingByteCounts: [(ConnectionID, Int)] {
        network.lock.withLock {
            endpoints.values.filter { !$0.isClosed }.sorted { $0.id < $1.id }
                .map { ($0.id, $0.pendingByteCount(linkByteCountMax: network.linkByteCountMax)) }
        }
    }

    public func progress(of connection: ConnectionID) -> ConnectionProgress? {
        network.lock.withLock {
            guard let endpoint = endpoints[connection], endpoint.wasOpened, !endpoint.isClosed else { return nil }
            return endpoint.progress
        }
    }

    public func setReading(_ isReading: Bool, of connection: ConnectionID) {
        network.lock.withLock {
            guard let endpoint = endpoints[connection], endpoint.wasOpened, !endpoint.isClosed,
                endpoint.isReading != isReading
            else { return }
            endpoint.isReading = isReading
            if isReading, !endpoint.held.isEmpty { push(.resumed(endpoint)) }
        }
    }

    // MARK: Inside the lock

    /// Holds an event back if its endpoint is not reading; its message then stays on the link.
    func isHeld(_ event: Event) -> Bool {
        let endpoint: MemoryEndpoint
        switch event {
        case .message(_, from: _, to: let receiver): endpoint = receiver
        // A close frame waits in its place. A broken connection is noticed immediately.
        case .peerClosed(let receiver, let closure) where closure.code != .abnormal: endpoint = receiver
        default: return false
        }
        guard !endpoint.isReading || !endpoint.held.isEmpty else { return false }
        endpoint.held.append(event)
        return true
    }

    /// The next held event for the handler; nil if there is none, or if reading is paused again.
    func nextHeld(of endpoint: MemoryEndpoint) -> Event? {
        while endpoint.isReading, let event = endpoint.held.popFirst() {
            if let event = handle(event) { return event }
        }
        return nil
    }
}

extension MemoryEndpoint {
    /// Drops held events at the end: nothing more is delivered, and they no longer occupy their senders' links.
    func dropHeld() {
        isReading = true
        while let event = held.popFirst() {
            if case .message(let parcel, from: let sender, to: _) = event, parcel.frame != nil { _ = sender.take() }
        }
    }
}
