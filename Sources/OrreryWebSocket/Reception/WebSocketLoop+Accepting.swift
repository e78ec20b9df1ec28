internal import CLibWebSocketsShim
internal import Glibc
internal import OrreryTransport

/// Accepts a server's peers: each gets a place until its request has arrived.
extension WebSocketLoop {
    /// Starts accepting connections. (libwebsockets says when it is ready for them.)
    func watchListeners() {
        listenersRestUntil = nil
        guard !isShuttingDown else { return }
        listenerWatchers = listeners.compactMap { listener in
            let watcher = Watcher(listener.descriptor, on: eventLoop) { [unowned self, unowned listener] _, _ in
                acceptWaiting(at: listener)
            }
            watcher?.wait(forInput: true, forRoom: false)
            return watcher
        }
    }

    private func acceptWaiting(at listener: ListeningSocket) {
        guard !isShuttingDown else { return }
        // At most this many at once, so that other events get their turn.
        for _ in 0..<64 {
            switch listener.accept() {
            case .accepted(let descriptor): welcome(descriptor)
            case .nobodyWaits: return
            case .exhausted:
                // The waiting connection would wake the loop without end. Try again later.
                listenerWatchers = []
                listenersRestUntil = clock.now + .milliseconds(200)
                handler.refused(.exhaustion)
                return
            }
        }
    }

    private func welcome(_ descriptor: Int32) {
        guard connections.count < limits.connectionCountMax + limits.handshakeCountMax || reception != nil else {
            // Before anything is allocated for it.
            Glibc.close(descriptor)
            handler.refused(.handshake)
            return
        }
        let id = nextID()
        let address = NetworkAddress.peer(of: descriptor).flatMap { NetworkHost($0.numericHost) }
        if let loser = places.take(id, for: address, now: now) { dismiss(loser) }
        if let reception {
            reception.welcome(descriptor, as: id)
        } else if let context {
            let connection = addConnection(id)
            connection.socket = clws_adopt(context, descriptor, connection.handle)
            if connection.socket == nil { remove(connection) }
        }
    }

    /// Cuts off a peer that lost its place.
    private func dismiss(_ id: HandshakePlaces.ID) {
        if reception?.drop(id) == true { return }
        if let connection = connections[ConnectionID(id)] { cut(connection) }
    }

    func lookAfterArrivals(_ instant: ContinuousClock.Instant) {
        for id in places.takeOverdue(now: now) { dismiss(id) }
        reception?.keepHouse(instant)
        if let until = listenersRestUntil, until <= instant { watchListeners() }
    }

    /// The clock for the places.
    private var now: Duration { clock.now - began }

    /// Gives libwebsockets a socket whose WebSocket request has been read and granted.
    func adopt(_ descriptor: Int32, head: String, granted: any Sendable) {
        assert(head.utf8.count <= WebSocketOffer.headSizeMax)
        guard let context else {
            Glibc.close(descriptor)
            return
        }
        let connection = addConnection()
        connection.granted = granted
        connection.deadline = clock.now + limits.handshakeTimeout
        adopting = connection
        let socket = clws_adopt_upgrade(context, descriptor, head, head.utf8.count)
        adopting = nil
        if socket == nil { remove(connection) }
    }
}
