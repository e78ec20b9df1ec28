public import OrrerySchema
import OrreryStore
import OrrerySync
public import OrreryWire
import Synchronization

/// A live connection to a world: what it has, kept up to date as it is subscribed to.
///
/// All methods may be called from any task.
public final class ClientConnection: Sendable {
    public let url: String
    package let session: ClientSession
    private let welcome: Welcome
    private let schemas: [ComponentSchema]
    /// Subscriptions that views share, by component, with the number of their users.
    private let shared = Mutex<[ColumnID: Subscription]>([:])

    init(url: String, session: ClientSession) {
        self.url = url
        self.session = session
        (welcome, schemas) = session.withCore { core in
            guard let welcome = core.welcome else { preconditionFailure("a connection is made once it is welcomed") }
            return (welcome, core.store.schemas)
        }
    }

    /// All components that the server shows, in its order.
    public var components: [ComponentSchema] { schemas }

    /// Which life of which world this is.
    public var epoch: Epoch { welcome.revision.epoch }

    /// Ticks per second.
    public var tickRate: Double { Double(welcome.ticksPer1000Seconds) / 1000 }

    /// The tick whose state is shown.
    public var tick: Tick { session.withCore { $0.tick } }

    /// How far this client is behind the newest tick that it has heard of.
    public var lag: UInt64 { session.withCore { $0.serverTick.rawValue - min($0.tick, $0.serverTick).rawValue } }

    /// Why the connection is over; `nil` while it lasts.
    public var end: ClientError? { session.end }

    /// Bytes received so far.
    public var receivedByteCount: UInt64 { session.receivedByteCount }

    /// The schema of a component.
    /// - Throws: ``ClientError`` of code `component` that lists the names there are.
    public func schema(of component: String) throws(ClientError) -> ComponentSchema {
        schemas[try column(of: component).rawValue]
    }

    /// Asks for components of all entities, or of one, and waits until everything that matches is here.
    /// - Parameters:
    ///   - components: names, separated by commas: `"Position, Body"`; `"*"` for all, and for entities without any.
    ///   - entity: the one entity to watch, all unless stated.
    /// - Throws: ``ClientError``: an unknown component or entity, a refusal, a lost connection; `CancellationError`.
    @discardableResult
    public func subscribe(_ components: String = "*", of entity: Entity? = nil) async throws -> Subscription {
        let names = components.split(separator: ",").map { $0.trimmed }
        let selected: Selection.Components =
            names == ["*"] ? .all : .some(try names.map { (name) throws(ClientError) in try column(of: name) })
        guard !names.isEmpty else { throw ClientError(.component, "no component is named; '*' stands for all") }
        return try await subscribe(Selection(entities: entity.map { .one($0) } ?? .all, components: selected))
    }

    private func subscribe(_ selection: Selection) async throws -> Subscription {
        let id = Mutex<SubscriptionID?>(nil)
        try await waiting { answer in
            let name = session.subscribe(selection, answer)
            id.withLock { $0 = name }
        }
        guard let id = id.withLock({ $0 }) else {
            throw session.end ?? ClientError(.closed, "the connection was closed")
        }
        return Subscription(id: id, session: session)
    }

    /// A typed view of a component. Views of one component share one subscription.
    /// - Throws: ``ClientError`` of code `component` where the server does not show it, or with another type for some field.
    public func view<C: Component>(of type: C.Type) async throws -> ComponentView<C> {
        let column = try column(of: C.componentName)
        let view: ComponentView<C>
        do throws(SchemaError) {
            view = try ComponentView<C>(session: session, column: column, schema: schemas[column.rawValue])
        } catch {
            throw ClientError(.component, error.description)
        }
        if shared.withLock({ $0[column] }) == nil {
            let subscription = try await subscribe(Selection(components: .some([column])))
            let isNeeded = shared.withLock { shared in
                guard shared[column] == nil else { return false }
                shared[column] = subscription
                return true
            }
            if !isNeeded { try await subscription.cancel() }
        }
        return view
    }

    /// The batches that are applied from now on.
    public var batches: BatchSequence { BatchSequence(session, schemas: schemas) }

    /// Reads several things of one tick, views too. Nothing is applied meanwhile, so be quick.
    /// - Precondition: `body` only reads: it does not subscribe, make sequences or close.
    public func withSnapshot<R, Failure: Error>(_ body: (Snapshot) throws(Failure) -> R) throws(Failure) -> R {
        try session.withCore { (core) throws(Failure) in try body(Snapshot(core)) }
    }

    /// Closes the connection. Nothing is applied after it.
    public func close() { session.close() }

    private func column(of component: String) throws(ClientError) -> ColumnID {
        guard let position = schemas.firstIndex(where: { $0.name == component }) else {
            let names = schemas.map(\.name).sorted().joined(separator: ", ")
            throw ClientError(.component, "the server has no component '\(component)'; it has: \(names)")
        }
        return ColumnID(position)
    }

    /// Waits for one answer; a cancelled task does not wait.
    func waiting(_ ask: (@escaping ClientSession.Answer) -> Void) async throws {
        try await ClientConnection.waiting(ask)
    }

    static func waiting(_ ask: (@escaping ClientSession.Answer) -> Void) async throws {
        let once = Once()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                once.set(continuation)
                ask { result in once.resume(result.mapError { $0 as any Error }) }
            }
        } onCancel: {
            once.resume(.failure(CancellationError()))
        }
    }
}

/// A continuation that is resumed by whoever comes first.
private final class Once: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Void, any Error>)
        case done(Result<Void, any Error>)
    }

    private let state = Mutex(State.empty)

    func set(_ continuation: CheckedContinuation<Void, any Error>) {
        let result: Result<Void, any Error>? = state.withLock { state in
            if case .done(let result) = state { return result }
            state = .waiting(continuation)
            return nil
        }
        if let result { continuation.resume(with: result) }
    }

    func resume(_ result: Result<Void, any Error>) {
        let waiting: CheckedContinuation<Void, any Error>? = state.withLock { state in
            switch state {
            case .done: return nil
            case .empty:
                state = .done(result)
                return nil
            case .waiting(let continuation):
                state = .done(result)
                return continuation
            }
        }
        waiting?.resume(with: result)
    }
}

/// What was asked for, until it is cancelled or the connection ends.
public struct Subscription: Sendable {
    public let id: SubscriptionID
    private let session: ClientSession

    init(id: SubscriptionID, session: ClientSession) {
        self.id = id
        self.session = session
    }

    /// Asks no longer, and waits until what nobody else asks for has left the store.
    public func cancel() async throws {
        try await ClientConnection.waiting { session.unsubscribe(id, $0) }
    }
}

extension Substring {
    /// Without spaces at both ends.
    fileprivate var trimmed: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
