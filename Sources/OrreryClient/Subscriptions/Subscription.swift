public import OrrerySchema
import OrrerySync
import Synchronization

/// A subscription to part of a world's state, kept up to date until it ends.
///
/// It ends once: when it is cancelled, when its last reference is released (a sequence of its ``batches`` holds one),
/// when the server refuses it, when what it shows is gone, or with the connection. State that no other subscription or
/// view needs then leaves the store.
public final class Subscription: Sendable {
    private let session: ClientSession
    let interest: SubscriptionPool.InterestID?
    let fate: Fate
    let filter: BatchFilter

    /// Also held by the session.
    final class Fate: Sendable {
        private struct State {
            var end: ClientError?
            var observers: [Int: @Sendable (ClientError) -> Void] = [:]
            var nextObserver = 0
        }

        /// Set when the first state has arrived.
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

        /// Calls `observer` when the subscription ends, or immediately if it has ended.
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

    /// Why the subscription ended; `nil` while it lasts.
    public var end: ClientError? { fate.end }

    /// Whether the subscription is not being updated: it has ended, there is no connection, or nothing of a new epoch
    /// has arrived yet.
    public var isStale: Bool { end != nil || session.isStale }

    /// The batches from now on, with the changes of this subscription. The first contains what is shown now.
    public var batches: BatchSequence { BatchSequence(session, self) }

    /// Asks the server for a hash of all that this subscription shows, and compares it with that of what is here.
    ///
    /// They are equal unless something is broken: memory, a relay, the server or this library. If they differ, what is
    /// shown is sent anew, and replaces what was here; the error is also told in ``ClientConnection/errors``.
    /// - Returns: The tick at which they were equal.
    /// - Throws: ``ClientError`` of code `stateDiffers`, with both hashes in ``ClientError/difference``; of code
    ///   `cancelled`; or the reason if the subscription or the connection ends meanwhile.
    @discardableResult
    public func verify() async throws(ClientError) -> Tick {
        guard let interest else { throw fate.end ?? ClientError(.closed, "the connection was closed", phase: .verify) }
        return try await session.verify(interest, fate)
    }

    /// Ends the subscription: its batch sequences end, and state that no other subscription or view needs leaves the
    /// store. May be called at any time, and repeatedly.
    public func cancel() {
        fate.finish(ClientError(.closed, "the subscription was cancelled", phase: .subscribe))
        leave()
    }

    private func leave() {
        if let interest { session.leave(interest) }
    }
}

/// Selects the changes that belong to a subscription.
struct BatchFilter: Hashable, Sendable {
    /// `nil` for all.
    var components: Set<String>?
    var entities: Set<Entity>?

    /// Changes of an entity itself are included only if all components are subscribed to.
    func includes(_ change: Change) -> Bool {
        guard entities?.contains(change.entity) ?? true else { return false }
        guard let components else { return true }
        return change.component.map(components.contains) ?? false
    }
}
