internal import CLibWebSockets
internal import CLibWebSocketsShim
internal import Glibc
internal import OrreryTransport

/// The server's side of HTTP: who may become a WebSocket, and what the others are told.
extension WebSocketLoop {
    /// Whether this request for an upgrade is granted. If not, it has been answered.
    func mayUpgrade(_ connection: WebSocketConnection) -> Bool {
        guard let socket = connection.socket, !isShuttingDown else { return false }
        // libwebsockets itself has answered an unknown token and thrown its headers away; then there is none here.
        guard let upgrade = header(WSI_TOKEN_UPGRADE, of: socket) else { return false }
        guard upgrade.lowercased() == "websocket" else {
            answerPlainHTTP(connection)
            return false
        }
        guard header(WSI_TOKEN_GET_URI, of: socket) != nil, header(WSI_TOKEN_KEY, of: socket) != nil else {
            answer(connection, "400 Bad Request", "A WebSocket begins with GET and Sec-WebSocket-Key.")
            return false
        }
        guard header(WSI_TOKEN_VERSION, of: socket) == "13" else {
            answer(
                connection, "426 Upgrade Required", "This server speaks version 13 of WebSocket.",
                fields: "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n")
            return false
        }
        let offered = (header(WSI_TOKEN_PROTOCOL, of: socket) ?? "").split(separator: ",")
        guard offered.contains(where: { $0.drop(while: \.isWhitespace) == subprotocol }) else {
            answer(connection, "400 Bad Request", "This server speaks the WebSocket subprotocol \(subprotocol) only.")
            return false
        }
        guard establishedCount < limits.connectionCountMax else {
            answer(
                connection, "503 Service Unavailable", "This server already serves \(establishedCount) connections.")
            return false
        }
        return true
    }

    func answerPlainHTTP(_ connection: WebSocketConnection) {
        answer(
            connection, "426 Upgrade Required",
            "This is a WebSocket server. Connect with the subprotocol \(subprotocol).",
            fields: "Upgrade: websocket\r\n")
    }

    private func answer(_ connection: WebSocketConnection, _ status: String, _ text: String, fields: String = "") {
        let body = text + "\n"
        let response =
            "HTTP/1.1 \(status)\r\n\(fields)Content-Type: text/plain; charset=utf-8\r\n"
            + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
        // If it cannot be written the peer is gone, and the connection ends in either case.
        _ = clws_write_response(connection.socket, response, response.utf8.count)
    }

    /// One header of the request or the answer; nil if it is missing or longer than any that we look at.
    func header(_ token: lws_token_indexes, of socket: OpaquePointer) -> String? {
        let count = Int(lws_hdr_total_length(socket, token))
        guard count > 0, count < 1024 else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { text in
            guard lws_hdr_copy(socket, text.baseAddress!, Int32(text.count), token) >= 0 else { return nil }
            return String(cString: text.baseAddress!)
        }
    }

    /// Turns away a connection that is one too many, before anything is kept for it.
    func discard(_ descriptor: Int32) {
        Glibc.close(descriptor)
    }
}
