import OrreryTransport

/// A value behind a lock, which a reader may read again from inside a read: a view inside of a snapshot.
///
/// `@unchecked Sendable`: the value is reached with the lock held alone.
final class Guarded<Value>: @unchecked Sendable {
    private let lock = Lock()
    /// In memory of its own: a property would be copied whole for each read.
    private let value: UnsafeMutablePointer<Value>

    init(_ value: sending Value) {
        self.value = .allocate(capacity: 1)
        self.value.initialize(to: value)
    }

    deinit {
        value.deinitialize(count: 1)
        value.deallocate()
    }

    /// - Precondition: not called from inside of ``read(_:)`` or itself.
    func withLock<R>(_ body: (inout Value) throws -> R) rethrows -> R {
        try lock.withLock { try body(&value.pointee) }
    }

    /// Reads, together with other reads of this thread.
    func read<R, Failure: Error>(_ body: (borrowing Value) throws(Failure) -> R) throws(Failure) -> R {
        lock.lock()
        defer { lock.unlock() }
        return try body(value.pointee)
    }

    /// Holds the lock meanwhile, for what it guards besides the value.
    func hold<R>(_ body: () -> R) -> R {
        lock.lock()
        defer { lock.unlock() }
        return body()
    }
}
