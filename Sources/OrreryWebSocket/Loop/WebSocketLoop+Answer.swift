internal import CLibWebSockets
internal import CLibWebSocketsShim
internal import OrreryTransport

/// Reads and interprets the server's answer to a client's request. Without TLS the answer is read here, in addition to
/// libwebsockets, whose parser fails on some fields and does not report the body.
extension WebSocketLoop {
    /// The time after which libwebsockets has either handled a complete answer or failed on it.
    private static let strayTimeout = Duration.milliseconds(200)
    /// The same with TLS, where it cannot be seen whether the answer is complete.
    private static let strayTimeoutBehindTLS = Duration.seconds(2)

    /// How often the answer is looked at: a connection may take this much longer.
    private static let glanceInterval = Duration.milliseconds(2)
    /// More than any answer: libwebsockets is not told of input until there is this much.
    private static let inputMin: Int32 = 64 << 10
    /// The maximum size of an answer that is looked at. Longer heads are left to libwebsockets.
    private static let answerSizeMax = 16 << 10

    /// Starts watching for the answer, when the TCP connection is established.
    func watchAnswer(_ connection: WebSocketConnection) {
        guard let attempt, !attempt.url.isEncrypted, let socket = connection.socket else { return }
        let descriptor = lws_get_socket_fd(socket)
        clws_set_input_min(descriptor, Self.inputMin)
        eventLoop.setGlances(Self.glanceInterval)
        // The end of the stream wakes both watchers: this one then runs before libwebsockets takes the bytes.
        let watcher = Watcher(descriptor, on: eventLoop, comesFirst: true) { [unowned self] _, _ in glance() }
        watcher?.wait(forInput: true, forRoom: false)
        attempt.watcher = watcher
    }

    /// Looks at the answer as far as it has arrived, and decides what can be decided.
    func glance() {
        guard let attempt, attempt.watcher != nil, let connection = connections.values.first,
            let socket = connection.socket
        else { return unwatchAnswer() }
        let descriptor = lws_get_socket_fd(socket)
        withUnsafeTemporaryAllocation(byteCount: Self.answerSizeMax, alignment: 1) { buffer in
            let count = clws_receive(descriptor, buffer.baseAddress!, buffer.count, true)
            guard count > attempt.seenByteCount else { return }
            attempt.seenByteCount = count
            attempt.answer = HTTPAnswer()
            attempt.answer.take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        let answer = attempt.answer
        if answer.isMalformed {
            end(connection, attempt.closureOfStranger())
        } else if let status = answer.status {
            let now = clock.now
            if attempt.answeredAt == nil { attempt.answeredAt = now }
            if status == 101 || attempt.seenByteCount == Self.answerSizeMax {
                // From here on libwebsockets handles the answer.
                unwatchAnswer()
            } else if answer.isWhole || now - (attempt.answeredAt ?? now) > Self.strayTimeout {
                end(connection, attempt.closure(status: status, sentence: answer.sentence))
            }
        }
    }

    private func end(_ connection: WebSocketConnection, _ closure: ConnectionEnd) {
        connection.closure = closure
        unwatchAnswer()
        cut(connection)
    }

    /// Leaves further input to libwebsockets.
    func unwatchAnswer() {
        guard let attempt, attempt.watcher != nil else { return }
        attempt.watcher = nil
        eventLoop.setGlances(nil)
        if let socket = connections.values.first?.socket { clws_set_input_min(lws_get_socket_fd(socket), 1) }
    }

    /// Ends the attempt if a complete answer has arrived that libwebsockets cannot handle.
    func findStrayAnswer(_ now: ContinuousClock.Instant) {
        guard let attempt, attempt.watcher == nil, let connection = connections.values.first,
            connection.phase == .handshaking, connection.closure == nil, connection.socket != nil
        else { return }
        if attempt.url.isEncrypted {
            guard let context else { return }
            let count = clws_application_record_count(context)
            if count != attempt.seenRecordCount {
                attempt.seenRecordCount = count
                attempt.answeredAt = now
            }
        }
        let timeout = attempt.url.isEncrypted ? Self.strayTimeoutBehindTLS : Self.strayTimeout
        guard let since = attempt.answeredAt, now - since >= timeout else { return }
        end(connection, attempt.closureOfStrayAnswer())
    }

    /// Checks the server's answer to the handshake. False ends the connection; the reason is kept.
    func acceptsAnswer(_ connection: WebSocketConnection) -> Bool {
        // Already decided.
        guard connection.closure == nil else { return false }
        guard let attempt, let socket = connection.socket else { return false }
        let status = Int(lws_http_client_http_response(socket))
        if status == 101 {
            if header(WSI_TOKEN_PROTOCOL, of: socket) == subprotocol { return true }
            let reason = "\(attempt.url.text) does not speak the subprotocol \(subprotocol)"
            connection.closure = ConnectionEnd(code: .protocolError, reason: reason, wasEstablished: false)
            return false
        }
        connection.closure = attempt.closure(status: status, sentence: attempt.answer.sentence ?? body(of: socket))
        return false
    }

    /// The part of a plain-text body that libwebsockets has, with TLS.
    private func body(of socket: OpaquePointer) -> String? {
        guard let attempt, attempt.url.isEncrypted,
            header(WSI_TOKEN_HTTP_CONTENT_TYPE, of: socket)?.lowercased().hasPrefix("text/plain") == true
        else { return nil }
        var position: UnsafeMutablePointer<CChar>?
        var count: Int32 = 0
        // libwebsockets passes the bytes to `takeBody`, within this call.
        lws_http_client_read(socket, &position, &count)
        let size = header(WSI_TOKEN_HTTP_CONTENT_LENGTH, of: socket).flatMap { Int($0) }
        return HTTPAnswer.sentence(in: attempt.body, size: size)
    }

    func takeBody(_ bytes: UnsafeRawBufferPointer) {
        attempt?.body += bytes.prefix(1024)
    }
}

extension ConnectAttempt {
    /// The meaning of a status for a client that requested a WebSocket.
    func closure(status: Int, sentence: String?) -> ConnectionEnd {
        let own = sentence.map { ": \($0)" } ?? ""
        let reason =
            switch status {
            case 401 where authorization == nil: "\(url.text) wants a token and was given none (HTTP status 401)"
            case 401: "\(url.text) does not accept the token (HTTP status 401)"
            case 403: "\(url.text) does not let this client in (HTTP status 403)\(own)"
            case 421: "\(url.text) does not answer to this name (HTTP status 421)\(own)"
            case 426:
                "\(url.text) was not asked for a WebSocket (HTTP status 426): a proxy in between does not pass "
                    + "the fields Upgrade and Connection on"
            case 503: "\(url.text) is full or busy (HTTP status 503); try again later"
            default: "\(url.text) answered with HTTP status \(status) and not as a WebSocket\(own)"
            }
        // A server that is full or starting may still be an Orrery server, and so may one behind a proxy.
        return ConnectionEnd(
            code: status >= 500 || status == 426 || status == 421 ? .abnormal : .protocolError, reason: reason,
            wasEstablished: false, refusalStatus: status)
    }

    /// The end for a server that speaks something other than HTTP.
    func closureOfStranger() -> ConnectionEnd {
        if answer.isTLS { return closureOfTLS() }
        let text = String(decoding: answer.beginning.prefix { $0 >= 0x20 && $0 < 0x7f }, as: UTF8.self)
        let words = text.isEmpty ? "" : " (it says \"\(text)\")"
        return ConnectionEnd(
            code: .protocolError, reason: "\(url.text) does not answer as a WebSocket server\(words)",
            wasEstablished: false)
    }

    func closureOfTLS() -> ConnectionEnd {
        ConnectionEnd(
            code: .abnormal,
            reason: "\(url.text) does not answer without TLS: its port speaks TLS, try \(url.withOtherScheme)",
            wasEstablished: false)
    }

    /// The end for an HTTP answer that libwebsockets cannot handle.
    func closureOfStrayAnswer() -> ConnectionEnd {
        if let status = answer.status, status != 101 {
            return closure(status: status, sentence: answer.sentence)
        }
        let names = answer.otherFieldNames
        let which = names.isEmpty ? "a field" : "one of the fields \(names.joined(separator: ", "))"
        return ConnectionEnd(
            code: .abnormal,
            reason:
                "\(url.text) answers with a head that cannot be read here: libwebsockets goes astray on \(which), "
                + "whose name begins a well-known one. A proxy in between may add it",
            wasEstablished: false)
    }
}
