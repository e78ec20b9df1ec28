internal import Glibc
internal import OrreryTransport

/// Handles peers between TCP and WebSocket at a server without TLS. It reads heads strictly and within limits, and
/// answers pages and errors. A peer whose WebSocket request is granted is handed to libwebsockets with a clean head.
///
/// libwebsockets' own head parser fails on fields whose name begins a well-known one (`X-Auth`, `If`), and answers in
/// HTML. With TLS, which libwebsockets terminates itself, its parser has to be used; see
/// ``WebSocketLoop/answerPlainHTTP(_:)``.
///
/// Loop thread only. Bound: `handshakeCountMax` peers that are asking, and as many that are being answered.
final class Reception {
    /// How long a peer that was answered may take to end its side.
    private static let leavingTimeout = Duration.seconds(2)
    /// How much of what such a peer still sends is read. Protects against peers that send without end.
    private static let discardedByteCountMax = 1 << 20

    private unowned let loop: WebSocketLoop
    private let limits: TransportLimits
    private var peers: [HandshakePlaces.ID: HTTPPeer] = [:]
    private var answeredCount = 0

    init(_ loop: WebSocketLoop) {
        self.loop = loop
        limits = loop.limits
    }

    private var headLimits: HTTPHeadLimits {
        HTTPHeadLimits(
            sizeMax: limits.requestHeadSizeMax, lineSizeMax: limits.requestHeadSizeMax / 2,
            fieldCountMax: limits.requestFieldCountMax)
    }

    // MARK: Peers

    /// Takes an accepted socket. Its request may have arrived already.
    func welcome(_ descriptor: Int32, as id: HandshakePlaces.ID) {
        let peer = HTTPPeer(id: id, descriptor: descriptor, limits: headLimits)
        let watcher = Watcher(descriptor, on: loop.eventLoop) { [unowned self, unowned peer] _, _ in proceed(peer) }
        guard let watcher else {
            // Memory is short; the socket closes with its peer.
            loop.places.leave(id)
            return loop.handler.refused(.handshake)
        }
        peer.watcher = watcher
        peers[id] = peer
        watcher.wait(forInput: true, forRoom: false)
        proceed(peer)
    }

    /// Cuts a peer off; false if it is not one of these peers.
    func drop(_ id: HandshakePlaces.ID) -> Bool {
        guard let peer = peers[id] else { return false }
        drop(peer)
        return true
    }

    private func drop(_ peer: HTTPPeer) {
        guard peers.removeValue(forKey: peer.id) != nil else { return }
        loop.places.leave(peer.id)
        if peer.phase == .asking {
            if !loop.isShuttingDown { loop.handler.refused(.handshake) }
        } else {
            answeredCount -= 1
            loop.waitingPageByteCount -= peer.answer.count
        }
        // The socket closes with the last reference.
        peer.watcher = nil
    }

    func dropAll() {
        for peer in Array(peers.values) { drop(peer) }
    }

    func keepHouse(_ now: ContinuousClock.Instant) {
        for peer in Array(peers.values) where peer.deadline.map({ $0 <= now }) == true { drop(peer) }
    }

    /// Continues with a peer whose socket is readable or writable.
    private func proceed(_ peer: HTTPPeer) {
        guard peers[peer.id] === peer else { return }
        switch peer.phase {
        case .asking:
            let (progress, error) = peer.readHead()
            switch progress {
            case .goesOn: break
            case .broken: drop(peer)
            case .done: answer(peer, error: error)
            }
        case .answering: write(peer)
        case .leaving:
            if peer.discardInput(byteCountMax: Self.discardedByteCountMax) != .goesOn { drop(peer) }
        }
    }

    // MARK: Requests

    /// Answers a peer whose head is complete or known to be invalid.
    private func answer(_ peer: HTTPPeer, error: HTTPHeadError?) {
        loop.places.leave(peer.id)
        guard !loop.isShuttingDown else { return drop(peer) }
        do throws(HTTPHeadError) {
            if let error { throw error }
            let request = try HTTPRequestHead(HTTPHead(peer.scanner.head, limits: headLimits))
            decide(request, peer)
        } catch {
            respond(.text(error.status, error.message), to: peer)
        }
    }

    private func decide(_ head: HTTPRequestHead, _ peer: HTTPPeer) {
        let withBody = head.method != "HEAD"
        let request = head.request(from: loop.socketDetails(of: peer.descriptor))
        if let refusal = request.refusalForLength ?? Self.refusalOfExpectation(head) {
            return respond(refusal, withBody: withBody, to: peer)
        }
        guard let offer = WebSocketOffer(head) else {
            let answer = loop.handler.answer(request, method: head.method, limits: limits)
            return respond(
                answer ?? .upgradeRequired(subprotocol: loop.subprotocol), withBody: withBody, to: peer)
        }
        switch loop.decision(on: offer, request) {
        case .refused(let refusal): respond(refusal, to: peer)
        case .granted(let granted):
            peers[peer.id] = nil
            loop.adopt(peer.handOver(), head: offer.head(subprotocol: loop.subprotocol), granted: granted)
        }
    }

    /// Source: RFC 9110, section 10.1.1. A request that expects to send a body is answered immediately: no body is
    /// accepted.
    private static func refusalOfExpectation(_ request: HTTPRequestHead) -> HTTPResponse? {
        guard let expectation = request.head.value(of: "Expect"), expectation.lowercased() != "100-continue"
        else { return nil }
        return .text(417, "This server cannot do what the field Expect asks for.")
    }

    // MARK: Answers

    private func respond(_ response: HTTPResponse, withBody: Bool = true, to peer: HTTPPeer) {
        var response = response
        var bytes = response.serialized(withBody: withBody, at: .now)
        if !loop.hasRoom(forPageOf: bytes.count) {
            response = .text(503, "Too many pages wait for their readers.")
            bytes = response.serialized(withBody: withBody, at: .now)
        }
        if response.isRefusal { loop.handler.refused(.request(status: response.status)) }
        makeRoomForOneMoreAnswer()
        answeredCount += 1
        loop.waitingPageByteCount += bytes.count
        peer.begin(bytes, deadline: loop.clock.now + loop.closeTimeout)
        write(peer)
    }

    private func makeRoomForOneMoreAnswer() {
        guard answeredCount >= limits.handshakeCountMax else { return }
        if let oldest = peers.values.filter({ $0.phase != .asking }).min(by: { $0.id < $1.id }) { drop(oldest) }
    }

    private func write(_ peer: HTTPPeer) {
        switch peer.write() {
        case .goesOn: peer.watcher?.wait(forInput: false, forRoom: true)
        case .broken: drop(peer)
        case .done:
            loop.waitingPageByteCount -= peer.answer.count
            peer.leave(deadline: loop.clock.now + Self.leavingTimeout)
            peer.watcher?.wait(forInput: true, forRoom: false)
            proceed(peer)
        }
    }
}

extension HTTPTime {
    static var now: HTTPTime { HTTPTime(secondsSince1970: Int64(time(nil))) }
}
