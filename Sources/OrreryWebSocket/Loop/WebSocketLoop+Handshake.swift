internal import CLibWebSockets
internal import CLibWebSocketsShim
internal import Glibc
internal import OrreryTransport

/// The server's side of HTTP: who may become a WebSocket, and what the others are told.
extension WebSocketLoop {
    /// Whether this request for an upgrade is granted. If not, it has been answered.
    func mayUpgrade(_ connection: WebSocketConnection) -> Bool {
        guard let socket = connection.socket, !isShuttingDown, connection.phase == .handshaking else { return false }
        // libwebsockets itself has answered an unknown token and thrown its headers away; then there is none here.
        guard let upgrade = header(WSI_TOKEN_UPGRADE, of: socket) else { return false }
        guard upgrade.lowercased() == "websocket" else {
            refuse(connection, upgradeRequired)
            return false
        }
        if let refusal = refusal(of: socket) {
            refuse(connection, refusal)
            return false
        }
        return true
    }

    /// What is wrong with a request for a WebSocket, by the protocol, by the limits, and by the handler, in this order.
    private func refusal(of socket: OpaquePointer) -> HTTPResponse? {
        guard header(WSI_TOKEN_GET_URI, of: socket) != nil, header(WSI_TOKEN_KEY, of: socket) != nil else {
            return .text(400, "A WebSocket begins with GET and Sec-WebSocket-Key.")
        }
        guard header(WSI_TOKEN_VERSION, of: socket) == "13" else {
            return .text(
                426, "This server speaks version 13 of WebSocket.",
                fields: [.init("Upgrade", "websocket"), .init("Sec-WebSocket-Version", "13")])
        }
        let offered = (header(WSI_TOKEN_PROTOCOL, of: socket) ?? "").split(separator: ",")
        guard offered.contains(where: { $0.drop(while: \.isWhitespace) == subprotocol }) else {
            return .text(400, "This server speaks the WebSocket subprotocol \(subprotocol) only.")
        }
        guard let request = request(on: socket) else { return Self.fieldsTooLong }
        if let refusal = handler.refusal(ofUpgrade: request) { return refusal }
        guard establishedCount < limits.connectionCountMax else {
            return .text(503, "This server already serves \(establishedCount) connections.")
        }
        return nil
    }

    /// Answers a request that is no upgrade. Less than 0 ends the connection now.
    func answerPlainHTTP(_ connection: WebSocketConnection) -> Int32 {
        // Another request behind the first: the connection closes after that one's answer.
        guard connection.phase == .handshaking else { return 0 }
        guard let socket = connection.socket, !isShuttingDown else { return -1 }
        guard let request = request(on: socket) else {
            refuse(connection, Self.fieldsTooLong)
            return -1
        }
        let method = method(of: socket)
        guard let answer = handler.answer(request, method: method, limits: limits) else {
            refuse(connection, upgradeRequired)
            return -1
        }
        guard answer.status < 400 else {
            refuse(connection, answer, withBody: method != "HEAD")
            return -1
        }
        return beginAnswer(answer, withBody: method != "HEAD", to: connection) ? 0 : -1
    }

    private static let fieldsTooLong = HTTPResponse.text(400, "A field of the request's header is too long.")

    private var upgradeRequired: HTTPResponse {
        .text(
            426, "This is a WebSocket server. Connect with the subprotocol \(subprotocol).",
            fields: [.init("Upgrade", "websocket")])
    }

    /// Says no in one short write; the connection ends after it.
    private func refuse(_ connection: WebSocketConnection, _ response: HTTPResponse, withBody: Bool = true) {
        connection.phase = .ending
        let bytes = response.serialized(withBody: withBody)
        // If it cannot be written the peer is gone, and the connection ends in either case.
        _ = clws_write_http(connection.socket, bytes, bytes.count)
        handler.refused(.request(status: response.status))
    }

    // MARK: Pages

    /// A page goes in pieces of this size, each when the socket takes it.
    private static let pieceSizeMax = 64 << 10
    /// Pages up to this size are always answered: their number is bounded by that of the connections.
    private static let smallPageSizeMax = 4 << 10

    /// Has the socket send the answer at its reader's pace. False if there is no room for it; then it has been refused.
    private func beginAnswer(_ answer: HTTPResponse, withBody: Bool, to connection: WebSocketConnection) -> Bool {
        let bytes = answer.serialized(withBody: withBody)
        guard
            bytes.count <= Self.smallPageSizeMax
                || waitingPageByteCount + bytes.count <= limits.waitingPageByteCountMax
        else {
            refuse(connection, .text(503, "Too many pages wait for their readers."))
            return false
        }
        connection.phase = .answering
        connection.page = bytes
        connection.deadline = clock.now + closeTimeout
        waitingPageByteCount += bytes.count
        // libwebsockets' own time limit is replaced by ours.
        lws_set_timeout(connection.socket, NO_PENDING_TIMEOUT, 0)
        lws_callback_on_writable(connection.socket)
        return true
    }

    /// Sends the next piece of a page. False ends the connection: all has gone, or nothing goes any more.
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

    /// libwebsockets reads nothing while an answer is on its way, but has the loop go round for what is there to be read. So a peer
    /// that sends more than its request has a moment to take its page, seen from one look to the next.
    func cutWhoDoesNotWaitForItsPage() {
        guard let context else { return }
        let answering = connections.values.filter { $0.phase == .answering }
        guard !answering.isEmpty else { return }
        // What libwebsockets has read behind a request it shows of nobody alone. But it leaves those out that are held back:
        // so all are, and one after the other is let go.
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

    /// Nil if something in it is longer than any that we look at.
    private func request(on socket: OpaquePointer) -> HTTPRequest? {
        var isTooLong = false
        func field(_ token: lws_token_indexes) -> String? {
            if Int(lws_hdr_total_length(socket, token)) > Self.headerSizeMax { isTooLong = true }
            return header(token, of: socket)
        }
        let path = Self.uriTokens.lazy.compactMap { field($0.token) }.first
        let descriptor = lws_get_socket_fd(socket)
        let request = HTTPRequest(
            path: path ?? "/", host: field(WSI_TOKEN_HOST), origin: field(WSI_TOKEN_ORIGIN),
            authorization: field(WSI_TOKEN_HTTP_AUTHORIZATION),
            peerAddress: NetworkAddress.peer(of: descriptor)?.numericHost ?? "",
            localAddress: NetworkAddress.local(of: descriptor)?.numericHost ?? "", isEncrypted: lws_is_ssl(socket) != 0)
        return isTooLong ? nil : request
    }

    private func method(of socket: OpaquePointer) -> String {
        Self.uriTokens.first { lws_hdr_total_length(socket, $0.token) > 0 }?.method ?? "?"
    }

    private static let uriTokens: [(token: lws_token_indexes, method: String)] = [
        (WSI_TOKEN_GET_URI, "GET"), (WSI_TOKEN_HEAD_URI, "HEAD"), (WSI_TOKEN_POST_URI, "POST"),
        (WSI_TOKEN_OPTIONS_URI, "OPTIONS"), (WSI_TOKEN_PUT_URI, "PUT"), (WSI_TOKEN_PATCH_URI, "PATCH"),
        (WSI_TOKEN_DELETE_URI, "DELETE"),
    ]

    /// The longest field that is looked at.
    private static let headerSizeMax = HTTPRequest.tokenSizeMax + 64

    /// One header of the request or the answer; nil if it is missing or longer than any that we look at.
    func header(_ token: lws_token_indexes, of socket: OpaquePointer) -> String? {
        let count = Int(lws_hdr_total_length(socket, token))
        guard count > 0, count <= Self.headerSizeMax else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { text in
            guard lws_hdr_copy(socket, text.baseAddress!, Int32(text.count), token) >= 0 else { return nil }
            return String(cString: text.baseAddress!)
        }
    }

    /// Turns away a connection that is one too many, before anything is kept for it.
    func discard(_ descriptor: Int32) {
        Glibc.close(descriptor)
        handler.refused(.handshake)
    }
}
