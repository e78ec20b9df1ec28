import OrrerySchema
import OrrerySync
import Synchronization

/// What was asked for, kept up to date until it ends.
///
/// It ends once: when it is cancelled, when the last who holds it lets it go (a sequence of its ``batches`` holds it),
/// when the server refuses it or what it shows is gone, and with the connection. What nobody else asks for leaves the
/// store then.
public final class Subscription: Sendable {
    private let session: ClientSession
    private let interest: SubscriptionPool.InterestID?
    let fate: Fate
    let filter: BatchFilter

    /// Held by the session too.
    final class Fate: Sendable {
        private struct State {
            var end: ClientError?
            var observers: [Int: @Sendable (ClientError) -> Void] = [:]
            var nextObserver = 0
        }

        /// Kept when the first state is there.
        let started = Promise<Void>()
        private let state = Mutex(State())

        var end: ClientError? { state.withLock { $0.end } }

        /// Only the first call has an effect.
        func finish(_ error: ClientError) {
            let observers: [@Sendable (ClientError) -> Void] = state.withLock { state in
                guard state.end == nil else { return [] }
                state.end = error
                defer { state.observers = [:] }
                return state.observers.sorted { $0.key < $1.key }.map(\.value)
            }
            started.keep(.failure(error))
            for observer in observers { observer(error) }
        }

        /// Calls `observer` when it ends, or at once if it has.
        func addObserver(_ observer: @escaping @Sendable (ClientError) -> Void) -> Int {
            let (id, end) = state.withLock { state in
                state.nextObserver += 1
                if state.end == nil { state.observers[state.nextObserver] = observer }
                return (state.nextObserver, state.end)
            }
            if let end { observer(end) }
            return id
        }

        func removeObserver(_ id: Int) { state.withLock { $0.observers[id] = nil } }
    }

    init(_ session: ClientSession, _ interest: SubscriptionPool.InterestID?, _ fate: Fate, _ filter: BatchFilter) {
        self.session = session
        self.interest = interest
        self.fate = fate
        self.filter = filter
    }

    deinit { leave() }

    /// Why it is over; `nil` while it lasts.
    public var end: ClientError? { fate.end }

    /// Whether what it shows is not kept up to date: it is over, or there is no connection, or nothing of a new life of
    /// the world has come yet.
    public var isStale: Bool { end != nil || session.isStale }

    /// The batches from now on, with the changes of what this asks for. The first brings what is shown now.
    public var batches: BatchSequence { BatchSequence(session, self) }

    /// Ends it: its sequences of batches end, and what nobody else asks for leaves the store. May be called at any
    /// time, and again.
    public func cancel() {
        fate.finish(ClientError(.closed, "the subscription was cancelled", phase: .subscribe))
        leave()
    }

    private func leave() {
        if let interest { session.leave(interest) }
    }
}

/// Which changes are those of a subscription.
struct BatchFilter: Hashable, Sendable {
    /// `nil` for all.
    var components: Set<String>?
    var entities: Set<Entity>?

    /// Of what is shown: the entity alone only where all components are asked for.
    func includes(_ change: Change) -> Bool {
        guard entities?.contains(change.entity) ?? true else { return false }
        guard let components else { return true }
        return change.component.map(components.contains) ?? false
    }
}
