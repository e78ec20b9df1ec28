import Glibc
import OrreryRawPeer
import OrreryTransport
import OrreryWebSocket
import Testing

@Suite("TLS is spoken with those who prove who they are")
struct TLSTests {
    private let files: TestCertificates

    init() throws { files = try TestCertificates.shared() }

    private func serving(
        _ identity: String, host: String = "127.0.0.1", hooks: Driver.Hooks = .echo,
        _ body: (_ server: Driver, _ url: String) throws -> Void
    ) throws {
        let transport = WebSocketServerTransport(host: host, port: 0, tls: files.identity(identity))
        let (loop, url) = try transport.listen(limits: TransportLimits())
        #expect(url.hasPrefix("wss://"))
        let server = Driver(loop, hooks: hooks)
        server.start()
        try body(server, url)
        server.stop()
    }

    /// How an attempt ends that must not succeed.
    private func failure(of url: String, trusting file: String? = "ca.pem") throws -> String {
        let transport = WebSocketClientTransport(trustedCertificateFile: file.map { files.path($0) })
        let client = Driver(try transport.connect(to: url, limits: TransportLimits()))
        client.start()
        client.wait("the attempt ends") { $0.closureCount == 1 }
        client.stop()
        let heard = client.snapshot
        #expect(heard.opened.isEmpty)
        return heard.closures.values.first?.reason ?? ""
    }

    private func echoes(_ url: String) throws {
        let transport = WebSocketClientTransport(trustedCertificateFile: files.path("ca.pem"))
        let client = Driver(try transport.connect(to: url, limits: TransportLimits()))
        client.start()
        client.wait("opened") { $0.opened.count == 1 }
        client.perform { $0.send(Frame([7]), to: ConnectionID(1)) }
        client.wait("echo") { $0.messages[ConnectionID(1)] == [[7]] }
        client.stop()
    }

    @Test(arguments: [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("127.0.0.1", "localhost")])
    func aCertificateForThisHostIsAccepted(listening: String, asked: String) throws {
        try serving("server", host: listening) { _, url in
            try echoes("wss://\(asked):\(try portNumber(url))")
        }
    }

    @Test func anotherHostsCertificateIsRefused() throws {
        try serving("other-host") { server, url in
            let reason = try failure(of: url)
            #expect(reason.contains("is not made out to \"127.0.0.1\""), "\(reason)")
            #expect(reason.contains(url))
            let name = try failure(of: "wss://localhost:\(try portNumber(url))")
            #expect(name.contains("is not made out to \"localhost\""), "\(name)")
            #expect(server.snapshot.opened.isEmpty)
        }
    }

    @Test func aStrangersCertificateIsRefused() throws {
        try serving("stranger") { server, url in
            let reason = try failure(of: url)
            #expect(reason.contains("does not have the one that signed it"), "\(reason)")
            #expect(server.snapshot.opened.isEmpty)
        }
    }

    @Test func withoutAFileTheSystemsCertificatesCount() throws {
        try serving("server") { server, url in
            let reason = try failure(of: url, trusting: nil)
            #expect(reason.contains("nobody whom this system trusts signed it"), "\(reason)")
            #expect(server.snapshot.opened.isEmpty)
        }
    }

    @Test func anExpiredCertificateIsRefused() throws {
        try serving("expired") { server, url in
            let reason = try failure(of: url)
            #expect(reason.contains("not valid at this time (certificate has expired)"), "\(reason)")
            #expect(server.snapshot.opened.isEmpty)
        }
    }

    @Test(arguments: [("expired", "expired on "), ("server", nil)] as [(String, String?)])
    func aCertificateOutOfDateIsWarnedOf(name: String, words: String?) throws {
        let warnings = WebSocketServerTransport(tls: files.identity(name)).warnings(limits: TransportLimits())
        #expect(warnings.count == (words == nil ? 0 : 1))
        if let words {
            #expect(warnings[0].contains("\(name).pem \(words)"))
            #expect(warnings[0].contains(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/))
        }
    }

    @Test func aRenewedCertificateCountsForThoseWhoCome() throws {
        // What is served are copies, which are replaced.
        let served = try files.copy("expired")
        let (loop, url) = try WebSocketServerTransport(port: 0, tls: served).listen(limits: TransportLimits())
        let server = Driver(loop, hooks: .echo)
        server.start()
        #expect(try failure(of: url).contains("certificate has expired"))
        try files.replace(served, with: "server")
        #expect(try failure(of: url).contains("certificate has expired"), "nobody has said so yet")
        func reload() -> TransportError? {
            server.ask { loop in Result { try loop.reload() } }.flatMap { result in
                if case .failure(let error) = result { error as? TransportError } else { nil }
            }
        }
        #expect(reload() == nil)
        let transport = WebSocketClientTransport(trustedCertificateFile: files.path("ca.pem"))
        let client = Driver(try transport.connect(to: url, limits: TransportLimits()))
        client.start()
        client.wait("opened") { $0.opened.count == 1 }
        // Files that do not belong together, or are not there, change nothing, also not for who is connected.
        try files.replace(served, with: "server", key: "stranger")
        #expect(reload()?.code == .invalidCertificate)
        try files.remove(served)
        #expect(reload()?.code == .invalidCertificate)
        try echoes(url)
        client.perform { $0.send(Frame([9]), to: ConnectionID(1)) }
        client.wait("echo") { $0.messages[ConnectionID(1)] == [[9]] }
        client.stop()
        server.stop()
    }

    /// Behind TLS nobody but libwebsockets sees the head.
    @Test func anAnswerOnWhichLibwebsocketsGoesAstrayEndsSoon() throws {
        let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Auth: a\r\n\r\n"
        let server = try RawTLSServer(answer: head, files: files.server)
        let start = ContinuousClock.now
        let reason = try failure(of: server.url)
        #expect(reason.contains("goes astray on a field"), "\(reason)")
        #expect(ContinuousClock.now - start < .milliseconds(4500))
    }

    @Test func plainAndEncryptedDoNotMeet() throws {
        try serving("server") { server, url in
            let plain = try failure(of: "ws" + url.dropFirst(3))
            #expect(plain.hasSuffix("its port speaks TLS, try \(url)"), "\(plain)")
            // The attempt, and the look whether TLS is spoken.
            server.wait("counted") { $0.refusals == [.handshake, .handshake] }
            try echoes(url)
        }
        let wire = try Wire(.webSocket)
        let start = ContinuousClock.now
        let reason = try failure(of: "wss" + wire.url.dropFirst(2))
        #expect(reason.hasSuffix("does not speak TLS: try \(wire.url)"), "\(reason)")
        #expect(ContinuousClock.now - start < .seconds(4))
        wire.server.stop()
    }

    @Test func strangeBytesCloseTheirConnectionAlone() throws {
        try serving("server") { server, url in
            for bytes in [
                pattern(2000), [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3], Array("GET / HTTP/1.1\r\n\r\n".utf8),
            ] {
                let peer = try RawPeer(port: try portNumber(url))
                peer.write(bytes)
                peer.finishWriting()
                #expect(peer.isEnded())
            }
            try echoes(url)
            #expect(server.snapshot.opened.count == 1)
        }
    }

    /// OpenSSL writes to sockets in the way that raises SIGPIPE, whose default is to end the process.
    @Test func aPeerThatIsGoneDoesNotEndTheProcess() throws {
        let isGone = Gate()
        let hooks = Driver.Hooks(opened: { loop, id in
            isGone.pass()
            // The first write is answered with a reset; those after it find a broken pipe.
            for _ in 0..<1000 { loop.send(Frame(pattern(1000)), to: id) }
        })
        try serving("server", hooks: hooks) { server, url in
            let transport = WebSocketClientTransport(trustedCertificateFile: files.path("ca.pem"))
            let client = Driver(try transport.connect(to: url, limits: TransportLimits()))
            client.start()
            client.wait("opened") { $0.opened.count == 1 }
            client.perform { $0.shutDown(lingerMax: .zero) }
            client.wait("gone") { $0.hasReturned }
            isGone.open()
            server.wait("the server lives, and knows") { $0.closureCount == 1 }
        }
    }
}

@Suite("Certificates that cannot be used are named")
struct CertificateFileTests {
    private let files: TestCertificates

    init() throws { files = try TestCertificates.shared() }

    private func message(certificate: String, key: String) throws -> String {
        let tls = TLSConfiguration(certificateFile: files.path(certificate), keyFile: files.path(key))
        let error = #expect(throws: TransportError.self) {
            _ = try WebSocketServerTransport(port: 0, tls: tls).listen(limits: TransportLimits())
        }
        #expect(error?.code == .invalidCertificate)
        return error?.message ?? ""
    }

    @Test(arguments: [
        ("none.pem", "server.key", "none.pem: there is no such file"), ("server.pem", "none.key", "none.key: there is"),
        ("empty.pem", "server.key", "empty.pem is empty"), ("server.key", "server.key", "no certificate in PEM form"),
        ("server.pem", "server.pem", "no private key in PEM form"), ("server.pem", "", ": it is a folder"),
        ("server.pem", "mismatched.key", "mismatched.key does not belong to the certificate"),
        ("server.pem", "encrypted.key", "encrypted.key is encrypted"),
    ])
    func aServersFiles(certificate: String, key: String, hint: String) throws {
        let message = try message(certificate: certificate, key: key)
        #expect(message.contains(hint), "\(message)")
    }

    /// Root reads everything.
    @Test(.enabled(if: geteuid() != 0)) func aKeyThatMayNotBeRead() throws {
        let path = files.path("unreadable.key")
        let descriptor = open(path, O_CREAT | O_WRONLY, 0o000)
        try #require(descriptor >= 0)
        close(descriptor)
        let message = try message(certificate: "server.pem", key: "unreadable.key")
        #expect(message.contains("unreadable.key: permission denied. Let this user"), "\(message)")
    }

    @Test(arguments: [("none.pem", "there is no such file"), ("server.key", "has none in PEM form")])
    func aClientsTrust(file: String, hint: String) throws {
        let transport = WebSocketClientTransport(trustedCertificateFile: files.path(file))
        let error = #expect(throws: TransportError.self) {
            _ = try transport.connect(to: "wss://localhost:1", limits: TransportLimits())
        }
        #expect(error?.code == .invalidCertificate)
        #expect(error?.message.contains(hint) == true, "\(error?.message ?? "")")
    }
}
