internal import CLibWebSockets
internal import CLibWebSocketsShim
internal import OrreryTransport

/// Flow control: waiting messages, progress, and paused reading.
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
        // If the system does not report the numbers, they stay as they are.
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
            connection.inputWatcher?.wait(forInput: false, forRoom: false)
            clws_set_reading(context, socket, false)
        }
    }

    /// Resumes reading. Does nothing if the connection is being read.
    func readAgain(_ connection: WebSocketConnection) {
        guard !connection.isReading else { return }
        connection.isReading = true
        pausedCount -= 1
        if let context, let socket = connection.socket { clws_set_reading(context, socket, true) }
        if connection.phase == .open { connection.inputWatcher?.wait(forInput: true, forRoom: false) }
    }

    // MARK: Input that is not messages

    /// The number of reads after which bytes are counted, so that counting is rare if messages arrive.
    private static let readsPerCount = 16

    /// Counts the input from a server's peer that is not messages, because reading it costs time too.
    func watchInput(of connection: WebSocketConnection) {
        guard attempt == nil, let socket = connection.socket else { return }
        let descriptor = lws_get_socket_fd(socket)
        _ = clws_read_count(descriptor, &connection.input.knownByteCount)
        // Called before libwebsockets reads.
        connection.inputWatcher = Watcher(descriptor, on: eventLoop, comesFirst: true) {
            [unowned self, unowned connection] _, _ in inputCame(connection)
        }
        connection.inputWatcher?.wait(forInput: true, forRoom: false)
    }

    private func inputCame(_ connection: WebSocketConnection) {
        guard connection.phase == .open, let socket = connection.socket else {
            connection.inputWatcher = nil
            return
        }
        connection.input.readCount += 1
        guard !connection.input.broughtMessage || connection.input.readCount >= Self.readsPerCount else {
            connection.input.broughtMessage = false
            return
        }
        connection.input.readCount = 0
        connection.input.broughtMessage = false
        var byteCount: UInt64 = 0
        guard clws_read_count(lws_get_socket_fd(socket), &byteCount) else { return }
        // libwebsockets may hold this much of an incomplete frame.
        let known = connection.input.knownByteCount + UInt64(Self.receiveBufferSize)
        guard byteCount > known else { return }
        connection.input.knownByteCount += byteCount - known
        handler.connection(connection.id, receivedBesideMessages: Int(byteCount - known))
    }

    /// Checks paused connections. Nothing is read from them, so missing pongs must be excused, and only this check
    /// detects that one broke.
    func lookAfterPaused(_ now: ContinuousClock.Instant) {
        guard pausedCount > 0 else { return }
        // Connections already found broken are ending and are left out.
        let paused = connections.values.filter { !$0.isReading && $0.phase == .open && $0.socket != nil }
        for connection in paused {
            // Done rarely: libwebsockets searches a list of all connections for it.
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
            connection.closure = ConnectionEnd(code: .abnormal, reason: "the connection broke", wasEstablished: true)
            cut(connection)
        }
    }
}
