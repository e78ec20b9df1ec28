/// A network inside this process, without sockets: servers have names, and clients reach them by name.
///
/// Each loop made here can run on its own thread, or all can be polled in turn on a single thread (by the testing kit);
/// then the result depends only on the order of the calls. Messages are passed by reference.
///
/// ```swift
/// let network = MemoryNetwork()
/// let (server, url) = try network.server(name: "world").listen(limits: TransportLimits())  // memory://world
/// let client = try network.client.connect(to: url, limits: TransportLimits())
/// ```
public final class MemoryNetwork: @unchecked Sendable {
    // Guard: `lock`, for all loops of the network and all their shared state.

    /// How many bytes one direction of a connection holds before further bytes wait at the sender, like the buffers of
    /// two sockets.
    public let linkByteCountMax: Int
    let lock = Lock()
    private var servers: [String: Listener] = [:]
    /// The time of lanes that hold messages back.
    var now = Duration.zero
    /// Lanes with messages on the way, in the order in which they became busy.
    var busyLanes: [MemoryLane] = []

    private struct Listener {
        weak var loop: MemoryLoop?
    }

    /// Creates a network without servers.
    public init(linkByteCountMax: Int = 256 << 10) {
        precondition(linkByteCountMax > 0)
        self.linkByteCountMax = linkByteCountMax
    }

    /// Makes a server transport at `memory://name`. One server at a time may listen there.
    public func server(name: String) -> MemoryServerTransport {
        MemoryServerTransport(network: self, name: name)
    }

    /// The client transport for the servers of this network.
    public var client: MemoryClientTransport { MemoryClientTransport(network: self) }

    // MARK: Inside the lock

    func listener(name: String) -> MemoryLoop? { servers[name]?.loop }
    func setListener(_ loop: MemoryLoop?, name: String) { servers[name] = loop.map { Listener(loop: $0) } }
}

/// Offers a world inside this process. Made by ``MemoryNetwork/server(name:)``.
public struct MemoryServerTransport: ServerTransport {
    let network: MemoryNetwork
    let name: String

    /// - Throws: ``TransportError`` with `.addressInUse`, or `.invalidAddress` for an empty name.
    public func listen(limits: TransportLimits) throws(TransportError) -> (loop: any TransportLoop, url: String) {
        let url = "memory://\(name)"
        guard !name.isEmpty else { throw TransportError(.invalidAddress, "A server in memory needs a name.") }
        let loop = network.lock.withLock { () -> MemoryLoop? in
            guard network.listener(name: name) == nil else { return nil }
            let loop = MemoryLoop(network: network, role: .server(name: name), limits: limits)
            network.setListener(loop, name: name)
            return loop
        }
        guard let loop else {
            throw TransportError(.addressInUse, "\(url) is in use by another server. Stop it, or choose another name.")
        }
        return (loop, url)
    }
}

/// Reaches servers inside this process. Made by ``MemoryNetwork/client``.
public struct MemoryClientTransport: ClientTransport {
    let network: MemoryNetwork

    /// - Throws: ``TransportError`` with `.invalidAddress` if `url` is not `memory://` and a name, or with
    ///   `.invalidToken`.
    public func connect(
        to url: String, token: String?, limits: TransportLimits
    ) throws(TransportError) -> any TransportLoop {
        let scheme = "memory://"
        guard url.hasPrefix(scheme), url.count > scheme.count else {
            throw TransportError(
                .invalidAddress, "\"\(url)\" cannot be used: a server in memory is memory:// and its name.")
        }
        var request = HTTPRequest()
        if let token { request.authorization = try HTTPRequest.authorization(token: token) }
        return MemoryLoop(
            network: network, role: .client(server: String(url.dropFirst(scheme.count)), request), limits: limits)
    }
}
