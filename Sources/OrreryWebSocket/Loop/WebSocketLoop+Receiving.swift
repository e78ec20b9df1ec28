internal import CLibWebSockets
internal import CLibWebSocketsShim
internal import OrreryTransport

extension WebSocketLoop {
    /// Handles one libwebsockets callback about one connection. A result below 0 ends the connection.
    fileprivate func handle(
        _ reason: lws_callback_reasons, of connection: WebSocketConnection, _ user: UnsafeMutableRawPointer?,
        _ bytes: UnsafeMutableRawPointer?, _ count: Int
    ) -> Int32 {
        switch reason {
        case LWS_CALLBACK_SERVER_WRITEABLE, LWS_CALLBACK_CLIENT_WRITEABLE, LWS_CALLBACK_HTTP_WRITEABLE:
            return writable(connection) ? 0 : -1
        case LWS_CALLBACK_RECEIVE, LWS_CALLBACK_CLIENT_RECEIVE:
            receive(UnsafeRawBufferPointer(start: bytes, count: count), on: connection)
        case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
            return mayUpgrade(connection) ? 0 : -1
        case LWS_CALLBACK_HTTP:
            return answerPlainHTTP(connection)
        case LWS_CALLBACK_ESTABLISHED, LWS_CALLBACK_CLIENT_ESTABLISHED:
            guard !isShuttingDown else { return -1 }
            places.leave(connection.id.rawValue)
            unwatchAnswer()
            connection.phase = .open
            connection.wasEstablished = true
            connection.deadline = nil
            establishedCount += 1
            rename(connection)
            watchInput(of: connection)
            handler.connectionOpened(connection.id, granted: connection.granted.take())
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
            return takeClose(UnsafeMutableRawBufferPointer(start: bytes, count: count), of: connection) ? 0 : -1
        case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
            nameBreach(of: connection)
        case LWS_CALLBACK_CLOSED, LWS_CALLBACK_CLIENT_CLOSED:
            noteEnd(of: connection)
        case LWS_CALLBACK_WSI_CREATE:
            // For a client: the TCP connection is established.
            attempt?.isConnected = true
            watchAnswer(connection)
        case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
            return acceptsAnswer(connection) ? 0 : -1
        case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
            return appendAuthorization(connection, bytes, count) ? 0 : -1
        case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
            takeBody(UnsafeRawBufferPointer(start: bytes, count: count))
            return -1
        case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
            // Here the length says whether OpenSSL accepts the certificate; OpenSSL decides, and the reason is kept.
            if count == 0 { attempt?.certificateProblem = CertificateProblem(verification: user) }
        case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
            unwatchAnswer()
            noteFailure(of: connection, UnsafeRawBufferPointer(start: bytes, count: count))
        case LWS_CALLBACK_RAW_ADOPT, LWS_CALLBACK_RAW_RX:
            return -1  // The method CONNECT: not served.
        case LWS_CALLBACK_WSI_DESTROY:
            lws_set_opaque_user_data(connection.socket, nil)
            remove(connection)
        default:
            break
        }
        return 0
    }

    /// Handles a piece of a message: a whole frame, or as much of it as was there.
    private func receive(_ piece: UnsafeRawBufferPointer, on connection: WebSocketConnection) {
        guard connection.phase == .open, let socket = connection.socket else { return }
        connection.input.broughtMessage = true
        connection.input.knownByteCount += UInt64(piece.count)
        guard lws_frame_is_binary(socket) != 0 else {
            close(connection, code: .unsupportedData, reason: "text messages are not accepted")
            noteRefusal(.unsupportedData)
            return
        }
        // The rest of the frame as announced by its header, which the peer chose. Checked before anything is kept.
        let rest = lws_remaining_packet_payload(socket)
        let sizeMax = limits.messageSizeMax
        let collected = connection.assembly.count + piece.count
        guard collected <= sizeMax, rest <= UInt(sizeMax - collected) else {
            close(connection, code: .messageTooBig, reason: "a message is longer than \(sizeMax) bytes")
            noteRefusal(.messageTooBig)
            return
        }
        let isLast = lws_is_final_fragment(socket) != 0
        connection.isDelivering = isLast
        defer { connection.isDelivering = false }
        if isLast, connection.assembly.isEmpty {
            handler.connection(connection.id, received: piece)
            return
        }
        connection.assembly.append(contentsOf: piece)
        guard isLast else { return }
        let message = connection.assembly
        connection.assembly = []
        message.withUnsafeBytes { handler.connection(connection.id, received: $0) }
    }

    /// Notes that a server closes a connection because of what its peer did. The handler is told in the next round, for
    /// counting.
    func noteRefusal(_ code: CloseCode) {
        guard attempt == nil else { return }
        refusalsToTell.append(.connection(code))
        eventLoop.wake()
    }
}

// A global function: a closure passed to C inherits the isolation of its context, and traps on the loop's thread.
func handleSocketEvent(
    _ socket: OpaquePointer?, _ reason: lws_callback_reasons, _ user: UnsafeMutableRawPointer?,
    _ bytes: UnsafeMutableRawPointer?, _ count: Int
) -> Int32 {
    switch reason {
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED, LWS_CALLBACK_PROTOCOL_DESTROY, LWS_CALLBACK_GET_THREAD_ID,
        LWS_CALLBACK_OPENSSL_LOAD_EXTRA_CLIENT_VERIFY_CERTS,
        LWS_CALLBACK_VHOST_CERT_AGING, LWS_CALLBACK_LOCK_POLL, LWS_CALLBACK_UNLOCK_POLL,
        LWS_CALLBACK_CHANGE_MODE_POLL_FD:
        // Not about a connection of ours: `socket` may be a placeholder.
        return 0
    case LWS_CALLBACK_PROTOCOL_INIT:
        Unmanaged<WebSocketLoop>.fromOpaque(clws_owner(socket)).takeUnretainedValue().watchListeners()
        return 0
    default:
        guard let connection = knownConnection(of: socket) else { return 0 }
        connection.socket = socket
        return connection.loop.handle(reason, of: connection, user, bytes, count)
    }
}

/// The connection that a callback is about; nil after its last callback.
private func knownConnection(of socket: OpaquePointer?) -> WebSocketConnection? {
    if let handle = lws_get_opaque_user_data(socket) {
        return Unmanaged<WebSocketConnection>.fromOpaque(handle).takeUnretainedValue()
    }
    // libwebsockets has no place to note the connection of a socket that was handed over with its head.
    let loop = Unmanaged<WebSocketLoop>.fromOpaque(clws_owner(socket)).takeUnretainedValue()
    guard let connection = loop.adopting, connection.socket == nil || connection.socket == socket else { return nil }
    if connection.socket != nil { lws_set_opaque_user_data(socket, connection.handle) }
    return connection
}
