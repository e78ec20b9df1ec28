internal import CLibWebSockets
internal import CLibWebSocketsShim
internal import OrreryTransport

extension WebSocketLoop {
    func send(_ frame: Frame, to id: ConnectionID) {
        precondition(frame.count <= limits.sentMessageSizeMax, "a message is longer than sentMessageSizeMax")
        guard let connection = connections[id], connection.phase == .open, let socket = connection.socket,
            !noteBreach(of: connection)
        else { return }
        // Written immediately only if nothing is in front of it: while a rest waits, lws_write appends copies without
        // bound. Also not while a message of the same peer is handled: an earlier ping is answered first.
        if !connection.isDelivering, connection.waiting.isEmpty, connection.inFlightByteCount == 0,
            lws_partial_buffered(socket) == 0
        {
            if !write(frame, to: connection) { markBroken(connection) }
            return
        }
        guard connection.pendingByteCount + frame.waitingByteCount <= limits.pendingByteCountMax else {
            connection.dropWaiting()
            close(
                connection, code: .policyViolation,
                reason: "too slow: more than \(limits.pendingByteCountMax) bytes wait to be read")
            noteRefusal(.policyViolation)
            return
        }
        connection.enqueue(frame)
        connection.owesDrained = true
        lws_callback_on_writable(socket)
    }

    func close(_ id: ConnectionID, code: CloseCode, reason: String) {
        precondition(code != .abnormal && code != .noStatus, "\(code) is never sent")
        guard let connection = connections[id] else { return }
        close(connection, code: code, reason: reason)
    }

    /// Closes a connection from any place: the close frame is sent when the socket is writable, which is never inside
    /// this call.
    func close(_ connection: WebSocketConnection, code: CloseCode, reason: String) {
        switch connection.phase {
        case .open:
            connection.closure = ConnectionEnd(code: code, reason: reason.cutToCloseReason, wasEstablished: true)
            connection.phase = .closing
            connection.deadline = clock.now + closeTimeout
            connection.assembly = []
            // To read the peer's answer to the close frame.
            readAgain(connection)
            if let socket = connection.socket { lws_callback_on_writable(socket) }
        case .handshaking, .answering:
            connection.closure = ConnectionEnd(code: code, reason: reason.cutToCloseReason, wasEstablished: false)
            cut(connection)
        case .closing, .ending:
            break
        }
    }

    /// The socket is writable, and libwebsockets holds no rest. False ends the connection.
    func writable(_ connection: WebSocketConnection) -> Bool {
        connection.inFlightByteCount = 0
        if connection.phase == .open, noteBreach(of: connection) { return true }
        switch connection.phase {
        case .open:
            if let frame = connection.dequeue(), !write(frame, to: connection) {
                connection.phase = .ending
                connection.closure = ConnectionEnd(code: .abnormal, reason: "writing failed", wasEstablished: true)
                return false
            }
            if !connection.waiting.isEmpty {
                lws_callback_on_writable(connection.socket)
            } else if connection.inFlightByteCount == 0, connection.owesDrained {
                connection.owesDrained = false
                handler.connectionDrained(connection.id)
            }
            return true
        case .closing:
            return !sayGoodbye(connection)
        case .answering:
            return writePage(connection)
        case .handshaking, .ending:
            return true
        }
    }

    /// Writes waiting messages as far as the socket takes them immediately, and then the close frame. False if a rest
    /// must be sent first.
    private func sayGoodbye(_ connection: WebSocketConnection) -> Bool {
        while let frame = connection.dequeue() {
            guard write(frame, to: connection) else { break }
            if connection.inFlightByteCount > 0 {
                connection.dropWaiting()
                return false
            }
        }
        connection.phase = .ending
        if let closure = connection.closure {
            var reason = Array(closure.reason.utf8)
            lws_close_reason(
                connection.socket, lws_close_status(UInt32(closure.code.rawValue)), &reason, reason.count)
        }
        return true
    }

    /// Gives one message to libwebsockets, which sends it or keeps a copy of the rest. False if the socket is broken.
    private func write(_ frame: Frame, to connection: WebSocketConnection) -> Bool {
        let socket = connection.socket
        let result =
            attempt == nil
            ? frame.withHeadRoom { payload, count in
                lws_write(socket, payload.assumingMemoryBound(to: UInt8.self), count, LWS_WRITE_BINARY)
            }
            : writeMasked(frame, to: socket)
        guard result >= 0 else { return false }
        if lws_partial_buffered(socket) != 0 {
            connection.inFlightByteCount = frame.waitingByteCount
            connection.owesDrained = true
        }
        return true
    }

    /// A client masks what it sends, and libwebsockets masks in place, so the frame is copied: others may send the same
    /// frame.
    private func writeMasked(_ frame: Frame, to socket: OpaquePointer?) -> Int32 {
        let needed = Frame.headRoom + frame.count
        if maskingBuffer.map({ $0.count < needed }) ?? true {
            maskingBuffer?.deallocate()
            maskingBuffer = .allocate(byteCount: max(needed, 4096), alignment: 16)
        }
        let payload = maskingBuffer!.baseAddress! + Frame.headRoom
        frame.withPayload { source in
            if let base = source.baseAddress { payload.copyMemory(from: base, byteCount: source.count) }
        }
        return lws_write(socket, payload.assumingMemoryBound(to: UInt8.self), frame.count, LWS_WRITE_BINARY)
    }

    private func markBroken(_ connection: WebSocketConnection) {
        connection.phase = .ending
        connection.dropWaiting()
        connection.closure = ConnectionEnd(code: .abnormal, reason: "writing failed", wasEstablished: true)
        cut(connection)
    }

    /// Ends a connection in the next round, without a close frame.
    func cut(_ connection: WebSocketConnection) {
        guard let context, let socket = connection.socket else { return }
        // Without a page, an answer ends when the socket is next writable.
        dropPage(of: connection)
        // Killing needs libwebsockets' timers, which do not run while the loop is never idle. Breaking the socket
        // causes an event.
        clws_break(lws_get_socket_fd(socket))
        clws_kill(context, socket)
    }
}
