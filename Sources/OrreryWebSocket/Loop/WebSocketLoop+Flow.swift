internal import CLibWebSockets
internal import CLibWebSocketsShim
internal import OrreryTransport

/// What waits to be sent, what has come, and what is not to be read now.
extension WebSocketLoop {
    func pendingByteCount(of id: ConnectionID) -> Int {
        guard let connection = connections[id], connection.phase == .open else { return 0 }
        return connection.pendingByteCount
    }

    func progress(of id: ConnectionID) -> ConnectionProgress? {
        guard let connection = connections[id], connection.phase == .open, let socket = connection.socket else {
            return nil
        }
        var progress = ConnectionProgress()
        // Where the system does not say, nothing moves.
        _ = clws_progress(lws_get_socket_fd(socket), &progress.takenByteCount, &progress.arrivedByteCount)
        return progress
    }

    func setReading(_ isReading: Bool, of id: ConnectionID) {
        guard let connection = connections[id], connection.phase == .open else { return }
        if isReading {
            readAgain(connection)
        } else if connection.isReading, let context, let socket = connection.socket {
            connection.isReading = false
            connection.excusedSince = clock.now
            pausedCount += 1
            clws_set_reading(context, socket, false)
        }
    }

    /// Does nothing if it is read.
    func readAgain(_ connection: WebSocketConnection) {
        guard !connection.isReading else { return }
        connection.isReading = true
        pausedCount -= 1
        if let context, let socket = connection.socket { clws_set_reading(context, socket, true) }
    }

    /// Nobody reads from these: so a pong cannot be missed, and that one broke shows nowhere but here.
    func lookAfterPaused(_ now: ContinuousClock.Instant) {
        guard pausedCount > 0 else { return }
        let paused = connections.values.filter { !$0.isReading && $0.socket != nil }
        for connection in paused {
            // Seldom: libwebsockets looks through a list of all connections for it.
            guard let since = connection.excusedSince, (now - since) * 2 >= .seconds(Int64(pingTimes.pingSeconds))
            else { continue }
            connection.excusedSince = now
            lws_validity_confirmed(connection.socket)
        }
        var descriptors = paused.map { lws_get_socket_fd($0.socket) }
        clws_find_broken(&descriptors, descriptors.count)
        for (connection, descriptor) in zip(paused, descriptors) where descriptor < 0 {
            connection.phase = .ending
            connection.dropWaiting()
            connection.closure = Closure(code: .abnormal, reason: "the connection broke", wasEstablished: true)
            cut(connection)
        }
    }
}
