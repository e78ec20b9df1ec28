internal import CLibWebSockets
internal import CLibWebSocketsShim
internal import Glibc
internal import OrreryTransport

/// HTTP at a server with TLS, as far as libwebsockets, which terminates the TLS, leaves it to us. For servers without
/// TLS see ``Reception``.
extension WebSocketLoop {
    /// Whether this upgrade request is granted. If not, it has been answered.
    func mayUpgrade(_ connection: WebSocketConnection) -> Bool {
        if connection.granted != nil { return true }
        guard let socket = connection.socket, !isShuttingDown, connection.phase == .handshaking else { return false }
        // libwebsockets itself has answered an unknown token and dropped its headers; in that case the field is missing
        // here.
        guard let upgrade = header(WSI_TOKEN_UPGRADE, of: socket) else { return false }
        guard upgrade.lowercased() == "websocket" else {
            refuse(connection, .upgradeRequired(subprotocol: subprotocol))
            return false
        }
        let request = request(on: socket)
        let protocols = HTTPHead.elements(of: header(WSI_TOKEN_PROTOCOL, of: socket) ?? "")
        let offer = WebSocketOffer(
            method: method(of: socket), key: header(WSI_TOKEN_KEY, of: socket),
            version: header(WSI_TOKEN_VERSION, of: socket), subprotocols: protocols)
        let early = request.refusalForLength ?? refusalOfHost(on: socket)
        switch early.map(UpgradeDecision.refused) ?? decision(on: offer, request) {
        case .refused(let refusal):
            refuse(connection, refusal)
            return false
        case .granted(let granted):
            connection.granted = granted
            return true
        }
    }

    /// Answers a request that is not an upgrade. A result below 0 ends the connection now.
    func answerPlainHTTP(_ connection: WebSocketConnection) -> Int32 {
        // Another request after the first: the connection closes after the answer to the first.
        guard connection.phase == .handshaking else { return 0 }
        guard let socket = connection.socket, !isShuttingDown else { return -1 }
        let request = request(on: socket)
        let method = method(of: socket)
        let answer =
            request.refusalForLength ?? refusalOfHost(on: socket)
            ?? handler.answer(request, method: method, limits: limits)
            ?? .upgradeRequired(subprotocol: subprotocol)
        guard !answer.isRefusal else {
            refuse(connection, answer, withBody: method != "HEAD")
            return -1
        }
        return beginAnswer(answer, withBody: method != "HEAD", to: connection) ? 0 : -1
    }

    /// Refuses a request in one short write; the connection ends after it.
    private func refuse(_ connection: WebSocketConnection, _ response: HTTPResponse, withBody: Bool = true) {
        places.leave(connection.id.rawValue)
        connection.phase = .ending
        let bytes = response.serialized(withBody: withBody, at: .now)
        // If the write fails, the peer is gone. The connection ends in either case.
        _ = clws_write_http(connection.socket, bytes, bytes.count)
        handler.refused(.request(status: response.status))
    }

    // MARK: Pages

    /// The maximum size of the pieces in which a page is sent, one whenever the socket can take it.
    private static let pieceSizeMax = 64 << 10
    /// Makes the socket send the answer at its reader's pace. False if there is no room for it; then the request has
    /// been refused.
    private func beginAnswer(_ answer: HTTPResponse, withBody: Bool, to connection: WebSocketConnection) -> Bool {
        let bytes = answer.serialized(withBody: withBody, at: .now)
        guard hasRoom(forPageOf: bytes.count) else {
            refuse(connection, .text(503, "Too many pages wait for their readers."))
            return false
        }
        places.leave(connection.id.rawValue)
        connection.phase = .answering
        connection.page = bytes
        connection.deadline = clock.now + closeTimeout
        waitingPageByteCount += bytes.count
        // Our time limit replaces that of libwebsockets.
        lws_set_timeout(connection.socket, NO_PENDING_TIMEOUT, 0)
        lws_callback_on_writable(connection.socket)
        return true
    }

    /// Sends the next piece of a page. False ends the connection: everything was sent, or nothing can be sent any more.
    func writePage(_ connection: WebSocketConnection) -> Bool {
        let rest = connection.page.count - connection.pageSentByteCount
        guard rest > 0 else { return false }
        let count = min(rest, Self.pieceSizeMax)
        let written = connection.page.withUnsafeBytes { bytes in
            clws_write_http(connection.socket, bytes.baseAddress! + connection.pageSentByteCount, count)
        }
        guard written >= 0 else { return false }
        connection.pageSentByteCount += count
        lws_callback_on_writable(connection.socket)
        return true
    }

    func dropPage(of connection: WebSocketConnection) {
        waitingPageByteCount -= connection.page.count
        connection.page = []
        connection.pageSentByteCount = 0
    }

    /// Cuts off peers that send more than their request instead of taking their page. libwebsockets reads nothing while
    /// an answer is being sent, but unread input keeps the loop running. So such a peer has from one look to the next
    /// to take its page.
    func cutWhoDoesNotWaitForItsPage() {
        guard let context else { return }
        let answering = connections.values.filter { $0.phase == .answering }
        guard !answering.isEmpty else { return }
        // libwebsockets does not report buffered input of a single connection, but it leaves out connections that are
        // held back. So all are held back, and one after another is released.
        for connection in answering { lws_rx_flow_control(connection.socket, 0) }
        let isAnotherWaiting = clws_has_buffered_input(context)
        for connection in answering {
            lws_rx_flow_control(connection.socket, 1)
            let hasMore = !isAnotherWaiting && clws_has_buffered_input(context)
            lws_rx_flow_control(connection.socket, 0)
            guard hasMore || clws_has_input(lws_get_socket_fd(connection.socket)) else { continue }
            if connection.hasUnreadInput { cut(connection) }
            connection.hasUnreadInput = true
        }
        for connection in answering { lws_rx_flow_control(connection.socket, 1) }
    }

    // MARK: The request

    private func request(on socket: OpaquePointer) -> HTTPRequest {
        var request = socketDetails(of: lws_get_socket_fd(socket))
        request.path = Self.uriTokens.lazy.compactMap { [self] in header($0.token, of: socket) }.first ?? "/"
        request.host = header(WSI_TOKEN_HOST, of: socket)
        request.origin = header(WSI_TOKEN_ORIGIN, of: socket)
        request.authorization = header(WSI_TOKEN_HTTP_AUTHORIZATION, of: socket)
        return request
    }

    /// The checks of RFC 9112, section 3.2 for the field `Host`. Several fields are one value here, with a comma.
    private func refusalOfHost(on socket: OpaquePointer) -> HTTPResponse? {
        guard let host = header(WSI_TOKEN_HOST, of: socket) else {
            return header(WSI_TOKEN_HTTP, of: socket) == "HTTP/1.0" ? nil : .text(400, "The field Host is missing.")
        }
        return NetworkHost(authority: host) == nil ? .text(400, "The field Host is no host and port.") : nil
    }

    private func method(of socket: OpaquePointer) -> String {
        Self.uriTokens.first { lws_hdr_total_length(socket, $0.token) > 0 }?.method ?? "?"
    }

    private static let uriTokens: [(token: lws_token_indexes, method: String)] = [
        (WSI_TOKEN_GET_URI, "GET"), (WSI_TOKEN_HEAD_URI, "HEAD"), (WSI_TOKEN_POST_URI, "POST"),
        (WSI_TOKEN_OPTIONS_URI, "OPTIONS"), (WSI_TOKEN_PUT_URI, "PUT"), (WSI_TOKEN_PATCH_URI, "PATCH"),
        (WSI_TOKEN_DELETE_URI, "DELETE"),
    ]

    /// One header of the request or the answer; nil if it is missing. libwebsockets keeps `requestHeadSizeMax` bytes of
    /// headers in total.
    func header(_ token: lws_token_indexes, of socket: OpaquePointer) -> String? {
        let count = Int(lws_hdr_total_length(socket, token))
        guard count > 0 else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { text in
            guard lws_hdr_copy(socket, text.baseAddress!, Int32(text.count), token) >= 0 else { return nil }
            return String(cString: text.baseAddress!)
        }
    }
}

/// Shared code of both ways to a server's HTTP.
extension WebSocketLoop {
    /// Pages up to this size are always answered: the number of peers bounds their number.
    private static let smallPageSizeMax = 4 << 10

    func hasRoom(forPageOf byteCount: Int) -> Bool {
        byteCount <= Self.smallPageSizeMax || waitingPageByteCount + byteCount <= limits.waitingPageByteCountMax
    }

    /// Whether a WebSocket request is refused by the protocol, the handler, or the limits, in this order.
    func decision(on offer: WebSocketOffer, _ request: HTTPRequest) -> UpgradeDecision {
        if let refusal = offer.refusal(subprotocol: subprotocol) { return .refused(refusal) }
        let decision = handler.decision(onUpgrade: request)
        guard case .granted = decision else { return decision }
        // Closing connections count because they hold memory too.
        guard establishedCount < limits.connectionCountMax,
            connections.count < limits.connectionCountMax + 2 * limits.handshakeCountMax
        else { return .refused(.text(503, "This server already serves \(establishedCount) connections.")) }
        return decision
    }

    /// What the socket itself knows of a peer.
    func socketDetails(of descriptor: Int32) -> HTTPRequest {
        HTTPRequest(
            peerAddress: NetworkAddress.peer(of: descriptor)?.canonicalHost ?? "",
            localAddress: NetworkAddress.local(of: descriptor)?.canonicalHost ?? "", isEncrypted: servesTLS)
    }
}
