import OrreryQuery
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTransport
import OrreryWire

/// A server that is asked one query after the other, by the bytes of messages.
struct QueryServer: ~Copyable {
    enum Answer {
        case granted
        case refused(QueryError)
        /// The connection was closed.
        case closed
        /// Anything else that it should not be.
        case other(String)
    }

    let store: ComponentStore
    private var server: SyncServer
    private var session = SessionID(0)
    private var lastSubscription: UInt32 = 0
    private let limits = WireLimits()

    init(_ store: ComponentStore) {
        self.store = store
        var generator = SeededGenerator(seed: 0)
        server = SyncServer(store: store, epoch: Epoch(1), configuration: SyncServerConfiguration()) {
            generator.next()
        }
        connect()
    }

    private mutating func connect() {
        session = SessionID(session.rawValue + 1)
        server.open(session, now: .zero)
        receive(ClientMessage.hello(Hello(clientName: "fuzz")).encoded())
        _ = server.takeActions()
    }

    private mutating func receive(_ message: [UInt8]) {
        message.withUnsafeBytes { server.receive($0, from: session, now: .zero) }
        // Then its budgets are renewed.
        server.timePassed(now: .zero)
    }

    /// Asks for a query whose text has these bytes.
    mutating func answer(to text: [UInt8]) throws -> Answer {
        lastSubscription += 1
        let id = SubscriptionID(lastSubscription)
        let length = text.count
        var message = ClientMessage.subscribe(id, QueryRequest(String(repeating: "a", count: length))).encoded()
        message.replaceSubrange((message.count - length)..., with: text)
        receive(message)
        var answer: Answer?
        for action in server.takeActions() {
            switch action {
            case .send(let frame, _):
                let limits = limits
                let message = try frame.bytes.withUnsafeBytes { try ServerMessage(decoding: $0, limits: limits) }
                guard case .subscribeResponse(id, let outcome) = message else { continue }
                answer =
                    switch outcome {
                    case .granted: .granted
                    case .refused(_, let error?): .refused(error)
                    case .refused(let refusal, nil): .other(refusal.reason)
                    }
            case .close: answer = .closed
            case .broadcast, .setReading: break
            }
        }
        switch answer {
        case .closed:
            server.closed(session, now: .zero)
            connect()
        case .granted: receive(ClientMessage.unsubscribe(id).encoded())
        default: break
        }
        return answer ?? .other("nothing")
    }
}
