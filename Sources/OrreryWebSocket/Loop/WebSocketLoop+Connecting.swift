internal import CLibWebSockets
internal import CLibWebSocketsShim
internal import Glibc
internal import OrreryTransport

/// A client's settings for its server besides the URL.
struct ClientSettings: Sendable {
    var connectTimeout: Duration
    var trustedCertificateFile: String?
    /// The whole `Authorization` field. Never part of a message.
    var authorization: String?
}

/// A client's attempt to connect: it tries one address after another until one answers.
final class ConnectAttempt {
    let url: WebSocketURL
    let authorization: String?
    let trustsGivenFile: Bool
    let timeout: Duration
    /// Why the server's certificate was rejected.
    var certificateProblem: CertificateProblem?
    /// The addresses not yet tried.
    var addresses: [NetworkAddress] = []
    var current: NetworkAddress?
    var isNextDue = false
    var isUnderWay = false
    var isConnected = false
    var hasTimedOut = false
    var deadline: ContinuousClock.Instant?

    /// The part of the server's answer seen so far; without TLS.
    var answer = HTTPAnswer()
    var watcher: Watcher?
    var seenByteCount = 0
    /// The number of TLS records seen that were not part of the handshake; with TLS.
    var seenRecordCount: UInt64 = 0
    /// When the answer was complete, or with TLS when its latest part arrived.
    var answeredAt: ContinuousClock.Instant?
    /// The beginning of the answer's body, from libwebsockets; with TLS.
    var body: [UInt8] = []

    init(url: WebSocketURL, _ client: ClientSettings) {
        self.url = url
        authorization = client.authorization
        trustsGivenFile = client.trustedCertificateFile != nil
        timeout = client.connectTimeout
    }

    /// Begins with an address, of which nothing is known yet.
    func begin(with address: NetworkAddress) {
        current = address
        isNextDue = false
        isUnderWay = true
        answer = HTTPAnswer()
        watcher = nil
        seenByteCount = 0
        answeredAt = nil
        body = []
    }

    /// Whether a server that sent nothing to a client without TLS speaks TLS, tested by asking it.
    var isBehindTLS: Bool { !url.isEncrypted && answer.beginning.isEmpty && current?.speaksTLS() == true }

    /// Whether a server with which the TLS handshake failed speaks only HTTP, tested by asking it. (Some servers answer
    /// HTTP at a TLS port.)
    var isWithoutTLS: Bool { current.map { !$0.speaksTLS() && $0.speaksHTTP() } ?? false }

    /// How a failed attempt ends: as noted at the failure, or with the best reason that can be found now.
    func closure(_ noted: ConnectionEnd?) -> ConnectionEnd {
        noted ?? ConnectionEnd(code: .abnormal, reason: failureReason, wasEstablished: false)
    }

    private var failureReason: String {
        if hasTimedOut { return "\(url.text) did not answer within \(timeout)" }
        if isConnected {
            if isBehindTLS { return closureOfTLS().reason }
            return "\(url.text) closed the connection instead of answering"
        }
        switch current?.connectFailure() {
        case ECONNREFUSED?: return "nothing listens at \(url.text) (connection refused)"
        case let code?: return "cannot reach \(url.text): \(String(cString: strerror(code)))"
        case nil: return "cannot reach \(url.text)"
        }
    }
}

extension WebSocketLoop {
    /// Looks up the host and tries its first address. Does nothing for a server.
    func beginAttempt() {
        guard let attempt else { return }
        switch NetworkAddress.resolve(attempt.url.host, port: attempt.url.port, toListen: false) {
        case .failure(let failure):
            let connection = addConnection()
            connection.closure = ConnectionEnd(
                code: .abnormal, reason: "cannot reach \(attempt.url.text): \(failure.reason)", wasEstablished: false)
            remove(connection)
        case .success(let addresses):
            attempt.addresses = addresses
            attempt.deadline = clock.now + attempt.timeout
            tryNextAddress(as: addConnection())
        }
    }

    /// Does nothing if no address is due.
    func tryNextAddress() {
        guard let attempt, attempt.isNextDue, let connection = connections.values.first else { return }
        if connection.closure == nil {
            tryNextAddress(as: connection)
        } else {
            // The attempt was closed while it had no socket to report that.
            attempt.isNextDue = false
            remove(connection)
        }
    }

    private func tryNextAddress(as connection: WebSocketConnection) {
        guard let attempt, let context, !attempt.addresses.isEmpty else { return }
        let address = attempt.addresses.removeFirst()
        attempt.begin(with: address)
        connection.deadline = attempt.deadline
        let socket = clws_connect(
            context, address.numericHost, Int32(attempt.url.port), attempt.url.authority, attempt.url.path,
            connection.handle)
        if let socket {
            connection.socket = socket
        } else if attempt.isUnderWay {
            // The attempt failed immediately, and libwebsockets makes no further callback for it.
            remove(connection)
        }
    }

    /// Whether the attempt continues with the next address, now that this socket is gone. Never begins it inside the
    /// callback that reported the failure: the next round does.
    func mayTryAgain(_ connection: WebSocketConnection) -> Bool {
        guard let attempt, connection.phase != .open, !connection.wasEstablished else { return false }
        attempt.isUnderWay = false
        guard !attempt.addresses.isEmpty, !attempt.isConnected, !attempt.hasTimedOut, connection.closure == nil
        else { return false }
        connection.phase = .handshaking
        attempt.isNextDue = true
        eventLoop.wake()
        return true
    }

    /// Adds the token to the request that is being written. False if there is no room.
    func appendAuthorization(
        _ connection: WebSocketConnection, _ position: UnsafeMutableRawPointer?, _ room: Int
    ) -> Bool {
        guard let authorization = attempt?.authorization, let position else { return true }
        let cursor = position.assumingMemoryBound(to: UnsafeMutablePointer<UInt8>?.self)
        let end = cursor.pointee.map { $0 + room }
        return clws_append_authorization(connection.socket, authorization, authorization.utf8.count, cursor, end)
    }

    /// libwebsockets gave up the attempt. Its text is short, so what this library knows takes precedence.
    func noteFailure(of connection: WebSocketConnection, _ text: UnsafeRawBufferPointer) {
        guard let attempt, connection.closure == nil, !attempt.hasTimedOut else { return }
        if let problem = attempt.certificateProblem {
            connection.closure = ConnectionEnd(
                code: .abnormal,
                reason: "the certificate of \(attempt.url.text) is not accepted: "
                    + problem.sentence(host: attempt.url.host, trustsGivenFile: attempt.trustsGivenFile),
                wasEstablished: false)
            return
        }
        guard attempt.isConnected else { return }
        // The parser can merge one field into another: the merged field is then missing, and libwebsockets reports
        // that.
        if attempt.answer.status == 101, !attempt.answer.otherFieldNames.isEmpty {
            connection.closure = attempt.closureOfStrayAnswer()
            return
        }
        let detail = String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        if attempt.url.isEncrypted, detail.contains("SSL") || detail.contains("SYSCALL") {
            let reason =
                attempt.isWithoutTLS
                ? "\(attempt.url.text) does not speak TLS: try \(attempt.url.withOtherScheme)"
                : "\(attempt.url.text) does not speak TLS, or no version that is spoken here"
            connection.closure = ConnectionEnd(code: .abnormal, reason: reason, wasEstablished: false)
            return
        }
        if attempt.isBehindTLS {
            connection.closure = attempt.closureOfTLS()
            return
        }
        connection.closure = ConnectionEnd(
            code: .protocolError, reason: "\(attempt.url.text) does not answer as a WebSocket server (\(detail))",
            wasEstablished: false)
    }
}
