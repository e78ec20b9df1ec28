internal import CLibWebSocketsShim
internal import Glibc
internal import OrreryTransport

/// A listening TCP socket. This library opens it, not libwebsockets, so that errors have an exact reason, and so that a
/// connection over the limit is refused before anything is allocated for it.
///
/// SO_REUSEADDR only lets a restarted server take over from sockets in TIME_WAIT. On Linux, two sockets never listen at
/// one address without SO_REUSEPORT, which is not set.
final class ListeningSocket {
    let descriptor: Int32
    let port: Int
    private var isOpen = true

    private init(descriptor: Int32) {
        self.descriptor = descriptor
        port = NetworkAddress.localPort(of: descriptor)
    }

    deinit { close() }

    // MARK: Opening

    /// The maximum number of attempts to find a port that is free at all of several addresses.
    private static let freePortAttemptCountMax = 16

    /// Listens at all addresses of a host: at one for an address, at both loopback addresses for `localhost`.
    /// - Throws: ``TransportError`` with `.addressInUse` or `.invalidAddress`; `.unavailable` if the system has no
    ///   socket left.
    static func open(host: String, port: Int) throws(TransportError) -> [ListeningSocket] {
        let name = "\(WebSocketURL.bracketed(host)):\(port)"
        guard (0...65535).contains(port) else {
            throw TransportError(.invalidAddress, "Cannot listen at \(name): a port is a number from 0 to 65535.")
        }
        let addresses = try addresses(of: host, port: port, naming: name)
        var attemptCount = 0
        while true {
            attemptCount += 1
            do throws(Failure) {
                return try open(addresses, port: port)
            } catch {
                // A port that is free at one address may be taken at the other.
                guard port == 0, error.code == EADDRINUSE, attemptCount < freePortAttemptCountMax else {
                    throw failure(error.code, naming: name)
                }
            }
        }
    }

    private struct Failure: Error {
        let code: Int32
    }

    private static func addresses(
        of host: String, port: Int, naming name: String
    ) throws(TransportError) -> [NetworkAddress] {
        let known = NetworkHost(host)
        // Regardless of the system's hosts file. Source: RFC 6761, section 6.3.
        let isLocalName = if case .name? = known { known?.isLoopback == true } else { false }
        var found: [NetworkAddress] = []
        for host in isLocalName ? ["127.0.0.1", "::1"] : [WebSocketURL.unbracketed(host)] {
            switch NetworkAddress.resolve(host, port: port, toListen: true) {
            case .failure(let failure):
                throw TransportError(.invalidAddress, "Cannot listen at \(name): \(failure.reason).")
            case .success(let addresses):
                for address in addresses where !found.contains(address) { found.append(address) }
            }
        }
        return found
    }

    /// Listens at all of these addresses, at the same port. Addresses that this machine does not have are left out, if
    /// it has any of them.
    private static func open(_ addresses: [NetworkAddress], port: Int) throws(Failure) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        var missing: Failure?
        for address in addresses {
            do throws(Failure) {
                let chosen = sockets.first?.port ?? port
                sockets.append(try listen(at: address.with(port: chosen), alone: addresses.count == 1))
            } catch {
                guard error.code == EADDRNOTAVAIL || error.code == EAFNOSUPPORT else { throw error }
                missing = error
            }
        }
        if sockets.isEmpty, let missing { throw missing }
        return sockets
    }

    private static func listen(at address: NetworkAddress, alone: Bool) throws(Failure) -> ListeningSocket {
        let descriptor = clws_socket(address.family)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        var on: Int32 = 1
        // "::" stands for all addresses, including IPv4; next to other sockets it would take their addresses.
        var isOnlyIPv6: Int32 = alone ? 0 : 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
        if address.family == AF_INET6 {
            setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &isOnlyIPv6, size)
        }
        guard address.withSocketAddress({ bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, SOMAXCONN) == 0
        else {
            let code = errno
            Glibc.close(descriptor)
            throw Failure(code: code)
        }
        return ListeningSocket(descriptor: descriptor)
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

    // MARK: Accepting

    /// The result of one attempt to accept.
    enum Acceptance {
        case accepted(Int32)
        case nobodyWaits
        /// No descriptor or memory is left, or similar: the waiting connection cannot be accepted now.
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
