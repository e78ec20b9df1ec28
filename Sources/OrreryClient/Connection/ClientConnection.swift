public import OrrerySchema
package import OrreryStore
import OrrerySync
public import OrreryWire
import Synchronization

/// A live connection to a world: what it has, kept up to date as it is subscribed to.
///
/// All methods may be called from any task.
public final class ClientConnection: Sendable {
    public let url: String
    package let session: ClientSession
    /// Subscriptions that views share, by component.
    private let shared = Mutex<[String: Subscription]>([:])

    init(url: String, session: ClientSession) {
        self.url = url
        self.session = session
    }

    /// The components that the server shows and this client can read, in the server's order.
    public var components: [ComponentSchema] { session.withCore { $0.store.table.schemas } }

    /// The components of the server, with their numbers.
    package var componentTable: ComponentTable { session.withCore { $0.table } }

    /// The components of the server whose values this client keeps but cannot read, with a sentence that says why.
    public var unreadableComponents: [(name: String, problem: String)] {
        session.withCore { core in
            core.table.entries.compactMap { entry in entry.problem.map { (entry.name, $0) } }
        }
    }

    /// Which life of which world is shown.
    public var epoch: Epoch { session.withCore { $0.shownEpoch } }

    /// Ticks per second.
    public var tickRate: Double { session.withCore { Double($0.welcome?.ticksPer1000Seconds ?? 0) / 1000 } }

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
        try readable(component).schema
    }

    /// Asks for components of all entities, or of one, and waits until everything that matches is here.
    /// - Parameters:
    ///   - components: names, separated by commas: `"Position, Body"`, of which those in brackets belong to a name: `"Pair<Int, Double>"`;
    ///     `"*"` for all, and for entities without any.
    ///   - entity: the one entity to watch, all unless stated.
    /// - Throws: ``ClientError``: an unknown component or entity, a refusal, a lost connection; `CancellationError`.
    @discardableResult
    public func subscribe(_ components: String = "*", of entity: Entity? = nil) async throws -> Subscription {
        let names = ComponentNames.split(components).filter { !$0.isEmpty }
        guard !names.isEmpty else {
            throw ClientError(.component, "no component is named; '*' stands for all", phase: .subscribe)
        }
        return try await subscribe(
            SubscriptionRequest(
                entities: entity.map { .one($0) } ?? .all, components: names == ["*"] ? .all : .named(names)))
    }

    private func subscribe(_ request: SubscriptionRequest) async throws -> Subscription {
        let name = Answered<SubscriptionID>()
        try await waiting { name.set(session.subscribe(request, $0)) }
        guard let id = name.value else { throw session.end ?? ClientError(.closed, "the connection was closed") }
        return Subscription(id: id, session: session)
    }

    /// A typed view of a component. Views of one component share one subscription.
    /// - Throws: ``ClientError`` of code `component` where the server does not show it, or with another type for some field.
    public func view<C: Component>(of type: C.Type) async throws -> ComponentView<C> {
        let name = C.componentName
        let schema = try readable(name).schema
        let view = ComponentView<C>(session: session)
        do throws(SchemaError) {
            try view.check(schema)
        } catch {
            throw ClientError(.component, error.description, phase: .subscribe)
        }
        if shared.withLock({ $0[name] }) == nil {
            let subscription = try await subscribe(SubscriptionRequest(components: .named([name])))
            let isNeeded = shared.withLock { shared in
                guard shared[name] == nil else { return false }
                shared[name] = subscription
                return true
            }
            if !isNeeded { try await subscription.cancel() }
        }
        return view
    }

    /// How the connection stands.
    public var status: ConnectionStatus { session.status }

    /// Every error from now on, once: lost connections, attempts that failed, subscriptions refused at a reconnection. The newest 64 wait
    /// for a reader.
    public var errors: AsyncStream<ClientError> {
        AsyncStream(bufferingPolicy: .bufferingNewest(64)) { continuation in
            let observer = session.addErrorObserver { error in
                if let error { continuation.yield(error) } else { continuation.finish() }
            }
            continuation.onTermination = { _ in self.session.removeErrorObserver(observer) }
        }
    }

    /// The batches that are applied from now on.
    public var batches: BatchSequence { BatchSequence(session) }

    /// Reads several things of one tick, views too. Nothing is applied meanwhile, so be quick.
    /// - Precondition: `body` only reads: it does not subscribe, make sequences or close.
    public func withSnapshot<R, Failure: Error>(_ body: (Snapshot) throws(Failure) -> R) throws(Failure) -> R {
        try session.withCore { (core) throws(Failure) in try body(Snapshot(core)) }
    }

    /// Closes the connection. Nothing is applied after it.
    public func close() { session.close() }

    /// What the server's table says of a component.
    func entry(of component: String) throws(ClientError) -> ComponentTable.Entry {
        let table = session.withCore { $0.table }
        guard let entry = table[component] else {
            let names = table.entries.map(\.name).sorted().joined(separator: ", ")
            throw ClientError(
                .component, "the server has no component '\(component)'; it has: \(names)", phase: .subscribe)
        }
        return entry
    }

    /// A component whose values this client can read.
    func readable(_ component: String) throws(ClientError) -> (column: ColumnID, schema: ComponentSchema) {
        let entry = try entry(of: component)
        guard let schema = entry.schema else {
            throw ClientError(
                .component, "'\(component)' cannot be read: \(entry.problem ?? "it has no schema")", phase: .subscribe)
        }
        return (entry.column, schema)
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

/// What an answer brought, for the task that waited for it.
final class Answered<Value: Sendable>: Sendable {
    private let state = Mutex<Value?>(nil)

    var value: Value? { state.withLock { $0 } }
    func set(_ value: Value?) { state.withLock { $0 = value } }
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
