import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTransport
import OrreryWire

/// The HTTP side of a server: its pages, and the decision who may connect.
struct ServerPages: Sendable {
    private let authorize: Authorizer?
    private let origins: OriginPolicy
    private let serverHost: NetworkHost?
    private let hostNames: Set<NetworkHost>
    private let components: ComponentTable
    /// All components, as JSON.
    private let wholeSchema: [UInt8]
    private let metrics: ServerMetrics
    private let pulse: TickPulse

    /// - Parameter url: The URL that the server listens at.
    init(
        _ configuration: SimulationConfiguration, url: String, components: ComponentTable, metrics: ServerMetrics,
        pulse: TickPulse
    ) {
        authorize = configuration.authorize
        origins = configuration.origins
        serverHost = WebOrigin(url)?.host
        hostNames = Set(configuration.hostNames.compactMap { NetworkHost($0) })
        self.components = components
        wholeSchema = Self.schema(components.entries)
        self.metrics = metrics
        self.pulse = pulse
    }

    /// A response to a peer that is not let in.
    struct Refusal: Error {
        let response: HTTPResponse
    }

    /// What a peer that asks to connect may do, or why it may not connect.
    func admission(ofUpgrade request: HTTPRequest) -> Result<Admission, Refusal> {
        if let misdirection = misdirection(of: request) { return .failure(Refusal(response: misdirection)) }
        guard origins.allows(request, serverHost: serverHost) else {
            return .failure(Refusal(response: .text(403, "Pages of this origin may not connect.")))
        }
        return authorized(request)
    }

    /// Without an authorizer, everybody may do everything.
    private func authorized(_ request: HTTPRequest) -> Result<Admission, Refusal> {
        guard let authorize else { return .success(Admission(rights: .all)) }
        return switch authorize(request) {
        case .allowed(let admission): .success(admission)
        case .unauthorized(let reason):
            .failure(
                Refusal(response: .text(401, reason, fields: [.init("WWW-Authenticate", "Bearer realm=\"orrery\"")])))
        case .forbidden(let reason): .failure(Refusal(response: .text(403, reason)))
        }
    }

    /// The page for a request; nil for "/", where clients connect.
    /// - Parameters:
    ///   - isStarting: whether the first tick has yet to end.
    ///   - answer: Answers a query.
    func page(
        for request: HTTPRequest, isStarting: Bool, answeringQuery answer: (Admission) -> HTTPResponse
    ) -> HTTPResponse? {
        switch request.path {
        case "/": nil
        case "/healthz": isStarting ? .text(503, "starting", isRefusal: false) : health
        case "/metrics": page(for: request, metrics(for:))
        case "/schema": page(for: request, schema(for:))
        case QueryPage.path:
            page(for: request) { isStarting ? .text(503, "starting", isRefusal: false) : answer($0) }
        default: .text(404, "There is no such page; there are /healthz, /metrics, /schema and /query.")
        }
    }

    /// A page for those who are let in.
    private func page(for request: HTTPRequest, _ make: (Admission) -> HTTPResponse) -> HTTPResponse {
        if let misdirection = misdirection(of: request) { return misdirection }
        return switch authorized(request) {
        case .success(let admission): make(admission)
        case .failure(let refusal): refusal.response
        }
    }

    /// Metrics count what is hidden, too.
    private func metrics(for admission: Admission) -> HTTPResponse {
        guard admission.visibility == .everything else {
            return .text(403, "The metrics are for those who see everything.")
        }
        return HTTPResponse(
            status: 200, contentType: PrometheusRegistry.contentType, body: Array(metrics.text.utf8))
    }

    private func schema(for admission: Admission) -> HTTPResponse {
        let mayObserve = admission.rights.contains(.observe)
        let seesAll = admission.visibility == .everything && mayObserve
        return HTTPResponse(
            status: 200, contentType: "application/json",
            body: seesAll
                ? wholeSchema
                : Self.schema(
                    components.entries.filter { admission.visibility.sees($0) && (mayObserve || !$0.isStatus) }))
    }

    /// Schemas as JSON.
    private static func schema(_ entries: [ComponentTable.Entry]) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("components")
            writer.array(entries) { writer, entry in
                if let schema = entry.schema {
                    writer.schema(schema, isResource: entry.isResource, isStatus: entry.isStatus)
                }
            }
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// The refusal of a request whose `Host` is not a name of this server; nil if it is one. If a web page's own host
    /// name resolves to a loopback address, its browser takes it for the same origin; but the page cannot put another
    /// name into `Host`. Programs that send no `Host` are not browsers.
    private func misdirection(of request: HTTPRequest) -> HTTPResponse? {
        guard serverHost?.isLoopback == true, let field = request.host else { return nil }
        if let host = NetworkHost(authority: field), host.isLoopback || hostNames.contains(host) { return nil }
        return .text(421, "This server is for its own machine: call it localhost, or list the name in `hostNames`.")
    }

    private var health: HTTPResponse {
        let silence = pulse.silence
        guard silence > pulse.silenceMax else { return .text(200, "ok") }
        return .text(503, "No tick has begun for \(silence.components.seconds) s.", isRefusal: false)
    }

    /// What the operator can do about a peer that was refused for its identity or its address; nil for other responses.
    static func remedy(for refusal: HTTPResponse) -> String? {
        switch refusal.status {
        case 401: "give the peer the token of this server; orrery takes it from ORRERY_TOKEN"
        case 403: "if the web page of this origin is yours, list it in `origins`; else it is what `authorize` decided"
        case 421: "if a proxy passes this host on, list it in `hostNames`; else it is nobody of yours"
        default: nil
        }
    }
}

extension RefusedInput {
    init(_ refusal: TransportRefusal) {
        self =
            switch refusal {
            case .handshake: .handshake
            case .exhaustion: .exhausted
            case .request(401): .unauthorized
            case .request(403), .request(421): .forbidden
            case .request(404): .notFound
            case .request(503): .full
            case .request(400), .request(405), .request(414), .request(417), .request(426), .request(431),
                .request(505):
                .badRequest
            case .connection(.protocolError): .protocolViolation
            case .connection(.unsupportedData): .text
            case .connection(.messageTooBig): .messageSize
            case .connection(.invalidPayload): .payload
            case .connection(.policyViolation): .slowReader
            case .request, .connection: .other
            }
    }
}

extension RefusedInput {
    /// The kind of input for which the protocol core closed a session.
    init(_ code: CloseCode) {
        self =
            switch code {
            case .protocolError: .protocolViolation
            case .unsupportedData: .text
            case .messageTooBig: .messageSize
            case .invalidPayload: .payload
            case .policyViolation: .limit
            case .unsupportedVersion: .version
            case .handshakeTimeout: .helloTimeout
            case .silence: .silence
            case .notSupported: .notSupported
            default: .other
            }
    }
}
