internal import CLibWebSockets
internal import CLibWebSocketsShim
internal import OrreryTransport

/// Handles connections that this side did not close: those ended by a close frame of the peer, or by libwebsockets
/// because of a protocol violation.
extension WebSocketLoop {
    /// How long a peer that broke the protocol may take to answer the close frame: its input can no longer be
    /// interpreted.
    private static let breachTimeout = Duration.seconds(1)

    /// Handles the peer's close frame. Afterwards libwebsockets sends back what is in `payload`; what must not be sent
    /// back is replaced. If the result is false, libwebsockets sends what was set here.
    func takeClose(_ payload: UnsafeMutableRawBufferPointer, of connection: WebSocketConnection) -> Bool {
        connection.phase = .ending
        connection.deadline = clock.now + closeTimeout
        connection.dropWaiting()
        guard payload.count != 1 else {
            connection.closure = ConnectionEnd(code: .protocolError, reason: "half a close code", wasEstablished: true)
            connection.deadline = clock.now + Self.breachTimeout
            noteRefusal(.protocolError)
            lws_close_reason(connection.socket, lws_close_status(UInt32(CloseCode.protocolError.rawValue)), nil, 0)
            return false
        }
        guard payload.count >= 2 else {
            connection.closure = ConnectionEnd(code: .noStatus, reason: "", wasEstablished: true)
            return true
        }
        // (For codes below 5000 that must not be sent, libwebsockets has already set 1002.)
        if Self.closure(from: UnsafeRawBufferPointer(payload)).code.rawValue >= 5000 {
            replaceClose(payload, with: .protocolError)
        } else if String(validating: payload.dropFirst(2), as: UTF8.self) == nil {
            replaceClose(payload, with: .invalidPayload)
        }
        connection.closure = Self.closure(from: UnsafeRawBufferPointer(payload))
        return true
    }

    private func replaceClose(_ payload: UnsafeMutableRawBufferPointer, with code: CloseCode) {
        payload[0] = UInt8(code.rawValue >> 8)
        payload[1] = UInt8(code.rawValue & 255)
        for position in payload.indices.dropFirst(2) { payload[position] = UInt8(ascii: ".") }
        noteRefusal(code)
    }

    /// Source: RFC 6455, section 5.5.1.
    private static func closure(from payload: UnsafeRawBufferPointer) -> ConnectionEnd {
        guard payload.count >= 2 else { return ConnectionEnd(code: .noStatus, reason: "", wasEstablished: true) }
        let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
        let reason = String(decoding: payload.dropFirst(2), as: UTF8.self)
        return ConnectionEnd(code: CloseCode(code), reason: reason.cutToCloseReason, wasEstablished: true)
    }

    /// Sets a close frame when libwebsockets is about to close without one. It does so for some protocol violations (a
    /// control frame of more than 125 bytes): then the socket is intact and input has just arrived. (It calls this for
    /// a peer that is silent for too long, too.)
    func nameBreach(of connection: WebSocketConnection) {
        // With TLS, a peer may end its stream without ending the socket's.
        guard connection.phase == .open, !servesTLS, let socket = connection.socket, lws_get_close_length(socket) == 0,
            clws_is_talking(lws_get_socket_fd(socket))
        else { return }
        lws_close_reason(socket, lws_close_status(UInt32(CloseCode.protocolError.rawValue)), nil, 0)
    }

    /// Whether libwebsockets has begun to close an open connection because its peer broke the protocol. libwebsockets
    /// does not report that, but it keeps the close frame's payload. Afterwards nothing is sent. The handler is told in
    /// the next round.
    func noteBreach(of connection: WebSocketConnection) -> Bool {
        guard let socket = connection.socket, lws_get_close_length(socket) >= 2 else { return false }
        let payload = UnsafeRawBufferPointer(
            start: lws_get_close_payload(socket), count: Int(lws_get_close_length(socket)))
        let closure = Self.closure(from: payload)
        connection.phase = .ending
        connection.dropWaiting()
        connection.closure = closure
        connection.deadline = clock.now + Self.breachTimeout
        noteRefusal(closure.code)
        closedToTell.append(connection)
        eventLoop.wake()
        return true
    }

    /// Looks for connections that libwebsockets has begun to close, because it does not report that.
    func findBreaches() {
        for connection in connections.values where connection.phase == .open { _ = noteBreach(of: connection) }
    }

    /// Tells the handler that a connection closed when its peer broke the protocol, not when its socket closes.
    func tellClosed() {
        while let connection = closedToTell.popLast() { tellClosed(connection) }
    }

    private func tellClosed(_ connection: WebSocketConnection) {
        guard connection.wasEstablished, !connection.wasToldClosed else { return }
        connection.wasToldClosed = true
        let broken = ConnectionEnd(code: .abnormal, reason: "the connection broke", wasEstablished: true)
        handler.connectionClosed(connection.id, connection.closure ?? broken)
    }

    /// Notes the end of an established connection, before its last callback.
    func noteEnd(of connection: WebSocketConnection) {
        if connection.phase == .open { _ = noteBreach(of: connection) }
        connection.phase = .ending
        // Before the socket is closed and its descriptor reused.
        connection.inputWatcher = nil
    }

    func forget(_ connection: WebSocketConnection) {
        establishedCount -= 1
        tellClosed(connection)
    }
}
