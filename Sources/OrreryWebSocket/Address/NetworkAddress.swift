internal import CLibWebSocketsShim
internal import Glibc
internal import OrreryTransport

/// An IPv4 or IPv6 address with a port.
struct NetworkAddress: Hashable, Sendable {
    let family: Int32
    private var bytes: [UInt8]

    struct LookUpFailure: Error {
        /// A part of a sentence.
        let reason: String
    }

    /// All addresses of a host, in the system's order; at least one. Blocks during a name lookup.
    static func resolve(_ host: String, port: Int, toListen: Bool) -> Result<[NetworkAddress], LookUpFailure> {
        var hints = addrinfo()
        hints.ai_socktype = clws_stream_type()
        hints.ai_flags = AI_NUMERICSERV | (toListen ? AI_PASSIVE : 0)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard code == 0 else {
            return .failure(
                LookUpFailure(reason: "the host \"\(host)\" is not known (\(String(cString: gai_strerror(code))))"))
        }
        var addresses: [NetworkAddress] = []
        var entry = list
        while let current = entry?.pointee {
            if let address = current.ai_addr, current.ai_family == AF_INET || current.ai_family == AF_INET6 {
                let bytes = UnsafeRawBufferPointer(start: UnsafeRawPointer(address), count: Int(current.ai_addrlen))
                addresses.append(NetworkAddress(family: current.ai_family, bytes: Array(bytes)))
            }
            entry = current.ai_next
        }
        guard !addresses.isEmpty else {
            return .failure(LookUpFailure(reason: "the host \"\(host)\" has no IPv4 or IPv6 address"))
        }
        return .success(addresses)
    }

    /// The same address with another port.
    func with(port: Int) -> NetworkAddress {
        var address = self
        // Both address families have the port at the same offset.
        address.bytes[2] = UInt8(port >> 8)
        address.bytes[3] = UInt8(port & 255)
        return address
    }

    func withSocketAddress<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        bytes.withUnsafeBytes { raw in
            body(raw.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
    }

    /// The numeric address, without port and brackets.
    var numericHost: String {
        withSocketAddress { address, length in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { text in
                let code = getnameinfo(
                    address, length, text.baseAddress!, socklen_t(text.count), nil, 0, Int32(NI_NUMERICHOST))
                return code == 0 ? String(cString: text.baseAddress!) : ""
            }
        }
    }

    /// The numeric address in its usual spelling, without port, brackets and zone. An IPv4 address is written as IPv4,
    /// even if it arrived as an IPv6 one.
    var canonicalHost: String { NetworkHost(numericHost)?.description ?? numericHost }

    /// The address of the other side of a connected socket; nil if the other side is gone.
    static func peer(of descriptor: Int32) -> NetworkAddress? {
        address { getpeername(descriptor, $0, $1) }
    }

    /// The address of this side of a connected socket.
    static func local(of descriptor: Int32) -> NetworkAddress? {
        address { getsockname(descriptor, $0, $1) }
    }

    private static func address(
        _ read: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> NetworkAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { read($0, &length) }
        }
        guard code == 0 else { return nil }
        let bytes = withUnsafeBytes(of: storage) { Array($0.prefix(Int(length))) }
        return NetworkAddress(family: Int32(storage.ss_family), bytes: bytes)
    }

    static func localPort(of descriptor: Int32) -> Int {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
            // Both address families have the port at the same offset.
            return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                Int(UInt16(bigEndian: $0.pointee.sin_port))
            }
        }
    }

    /// Whether a server at this address speaks TLS, tested by beginning a handshake.
    func speaksTLS() -> Bool {
        var greeting = [UInt8](repeating: 0, count: 2048)
        greeting.removeLast(greeting.count - clws_tls_greeting(&greeting, greeting.count))
        // A server's answer or an alert. Source: RFC 8446, section 5.1.
        let answer = answer(to: greeting)
        return answer.count >= 2 && (answer[0] == 0x16 || answer[0] == 0x15) && answer[1] == 3
    }

    /// Whether a server at this address speaks HTTP, tested with a request.
    func speaksHTTP() -> Bool {
        answer(to: Array("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8))
            .starts(with: "HTTP/".utf8)
    }

    /// The first bytes of an answer; empty if none arrives within half a second.
    private func answer(to question: [UInt8]) -> [UInt8] {
        let descriptor = clws_socket(family)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        guard withSocketAddress({ connect(descriptor, $0, $1) }) == 0 || errno == EINPROGRESS else { return [] }
        var answer = [UInt8](repeating: 0, count: 16)
        let count = clws_ask(descriptor, question, question.count, &answer, answer.count, 250)
        return Array(answer.prefix(max(0, count)))
    }

    /// Why a connection cannot be made. Tries once more for at most 50 ms, because libwebsockets does not report the
    /// reason. Nil if a connection can be made now.
    func connectFailure() -> Int32? {
        let descriptor = clws_socket(family)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        if withSocketAddress({ connect(descriptor, $0, $1) }) == 0 { return nil }
        guard errno == EINPROGRESS else { return errno }
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&entry, 1, 50) == 1 else { return ETIMEDOUT }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        return code == 0 ? nil : code
    }
}
