internal import CLibWebSockets
internal import CLibWebSocketsShim
internal import OrreryTransport

/// How libwebsockets detects that a silent peer is gone.
package struct PingTimes: Hashable, Sendable {
    /// A peer is pinged after this many seconds without a pong.
    package var pingSeconds: UInt16 = 60
    /// The connection is cut after this many seconds without a pong. More than ``pingSeconds``.
    package var hangUpSeconds: UInt16 = 120

    package init() {}
}

extension WebSocketLoop {
    /// The read size, and how much of one frame libwebsockets collects before it hands it over.
    static let receiveBufferSize = 64 << 10
    /// - Throws: ``TransportError`` with `.unavailable` or `.invalidCertificate`.
    func makeContext(_ role: Role, on loop: EventLoop) throws(TransportError) -> OpaquePointer {
        var settings = clws_settings()
        settings.receive_buffer_size = Self.receiveBufferSize
        settings.transmit_size = limits.sentMessageSizeMax + Frame.headRoom
        settings.head_size = UInt32(clamping: limits.requestHeadSizeMax)
        settings.handshake_seconds_max = UInt32(clamping: limits.handshakeTimeout.components.seconds + 1)
        settings.ping_seconds = pingTimes.pingSeconds
        settings.hang_up_seconds = pingTimes.hangUpSeconds
        // C strings that live as long as this call; the shim copies what it keeps.
        var texts: [UnsafeMutablePointer<CChar>] = []
        defer { for text in texts { text.deallocate() } }
        func text(_ string: String) -> UnsafePointer<CChar> {
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: string.utf8.count + 1)
            for (position, byte) in string.utf8.enumerated() { copy[position] = CChar(bitPattern: byte) }
            copy[string.utf8.count] = 0
            texts.append(copy)
            return UnsafePointer(copy)
        }
        settings.subprotocol = text(subprotocol)
        var files: CertificateFiles?
        switch role {
        case .server(_, let tls?):
            files = .identity(certificate: tls.certificateFile, key: tls.keyFile)
            settings.tls = CLWS_TLS_SERVER
            settings.certificate_file = text(tls.certificateFile)
            settings.key_file = text(tls.keyFile)
        case .server(_, nil): break
        case .client(let url, let client):
            // A client's attempt has its own deadline here, which has fractions of seconds and names the reason.
            settings.handshake_seconds_max = UInt32(clamping: client.connectTimeout.components.seconds + 2)
            guard url.isEncrypted else { break }
            settings.tls = CLWS_TLS_CLIENT
            settings.host = text(url.host)
            if let file = client.trustedCertificateFile {
                files = .trusted(file)
                settings.trusted_certificate_file = text(file)
            }
        }
        try files?.checkThatTheyCanBeRead()
        var problem = clws_tls_problem()
        let owner = Unmanaged.passUnretained(self).toOpaque()
        if let context = clws_context_create(&settings, loop.native, handleSocketEvent, owner, &problem) {
            return context
        }
        if problem.step != CLWS_TLS_STEP_NONE {
            throw CertificateFiles.error(problem, files)
        }
        throw TransportError(
            .unavailable,
            "libwebsockets cannot start its libev loop. Install the package libwebsockets-evlib-ev (Debian, Ubuntu).")
    }
}
