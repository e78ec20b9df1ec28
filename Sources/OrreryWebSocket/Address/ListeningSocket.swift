internal import CLibWebSocketsShim
internal import Glibc
internal import OrreryTransport

/// A TCP socket that listens. It is ours and not libwebsockets', so that what goes wrong has an exact reason, and so that a
/// connection over the limit is turned away before anything is allocated for it.
///
/// SO_REUSEADDR only lets a restarted server take over from sockets in TIME_WAIT; two sockets never listen at one address on
/// Linux without SO_REUSEPORT, which is not set.
final class ListeningSocket {
    let descriptor: Int32
    let port: Int
    private var isOpen = true

    /// - Throws: ``TransportError`` with `.addressInUse` or `.invalidAddress`; `.unavailable` when the system has no socket left.
    init(host: String, port: Int) throws(TransportError) {
        let address = "\(WebSocketURL.bracketed(host)):\(port)"
        guard (0...65535).contains(port) else {
            throw TransportError(.invalidAddress, "Cannot listen at \(address): a port is a number from 0 to 65535.")
        }
        let descriptor: Int32
        switch NetworkAddress.resolve(host, port: port, toListen: true) {
        case .failure(let failure):
            throw TransportError(.invalidAddress, "Cannot listen at \(address): \(failure.reason).")
        case .success(let addresses):
            descriptor = try Self.listen(at: addresses[0], naming: address)
        }
        self.descriptor = descriptor
        self.port = NetworkAddress.localPort(of: descriptor)
    }

    deinit { close() }

    private static func listen(at address: NetworkAddress, naming name: String) throws(TransportError) -> Int32 {
        let descriptor = clws_socket(address.family)
        guard descriptor >= 0 else { throw failure(errno, naming: name) }
        var on: Int32 = 1
        var off: Int32 = 0
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
        if address.family == AF_INET6 {
            setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, size)
        }
        guard address.withSocketAddress({ bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, SOMAXCONN) == 0
        else {
            let code = errno
            Glibc.close(descriptor)
            throw failure(code, naming: name)
        }
        return descriptor
    }

    private static func failure(_ code: Int32, naming name: String) -> TransportError {
        switch code {
        case EADDRINUSE:
            TransportError(
                .addressInUse,
                "\(name) is in use by another program. Stop that program, or choose another port (0: a free one).")
        case EADDRNOTAVAIL:
            TransportError(
                .invalidAddress, "Cannot listen at \(name): this machine has no such address. Try 127.0.0.1 or 0.0.0.0."
            )
        case EACCES, EPERM:
            TransportError(
                .invalidAddress, "Cannot listen at \(name): not permitted. Choose a port above 1023.")
        default:
            TransportError(.unavailable, "Cannot listen at \(name): \(String(cString: strerror(code))).")
        }
    }

    /// What became of one try to accept.
    enum Acceptance {
        case accepted(Int32)
        case nobodyWaits
        /// No descriptor or memory left, or the like: the one who waits cannot be taken now.
        case exhausted
    }

    func accept() -> Acceptance {
        while true {
            let accepted = clws_accept(descriptor)
            if accepted >= 0 {
                var on: Int32 = 1
                setsockopt(accepted, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
                return .accepted(accepted)
            }
            switch errno {
            case EAGAIN: return .nobodyWaits
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH:
                continue  // This one is gone already; the next may be fine.
            default: return .exhausted
            }
        }
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        Glibc.close(descriptor)
    }
}
