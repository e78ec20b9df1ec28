import OrreryTransport

/// A value behind a lock, which a reader may read again from inside a read: a view inside of a snapshot.
///
/// `@unchecked Sendable`: the value is reached with the lock held alone.
final class Guarded<Value>: @unchecked Sendable {
    private let lock = Lock()
    private var value: Value

    init(_ value: sending Value) {
        self.value = value
    }

    /// - Precondition: not called from inside of ``read(_:)`` or itself.
    func withLock<R>(_ body: (inout Value) throws -> R) rethrows -> R {
        try lock.withLock { try body(&value) }
    }

    /// Reads, together with other reads of this thread.
    func read<R, Failure: Error>(_ body: (Value) throws(Failure) -> R) throws(Failure) -> R {
        let result = lock.withLock { Result { () throws(Failure) in try body(value) } }
        return try result.get()
    }
}
