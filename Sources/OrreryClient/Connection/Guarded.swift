import OrreryTransport

/// A value behind a lock. A reader may read again from inside a read, such as a view inside a snapshot.
///
/// `@unchecked Sendable`: the value is only accessed with the lock held.
final class Guarded<Value: ~Copyable>: @unchecked Sendable {
    private let lock = Lock()
    /// Allocated separately: a property would be copied whole for each read.
    private let value: UnsafeMutablePointer<Value>

    init(_ value: consuming sending Value) {
        self.value = .allocate(capacity: 1)
        self.value.initialize(to: value)
    }

    deinit {
        value.deinitialize(count: 1)
        value.deallocate()
    }

    /// - Precondition: Not called from inside ``read(_:)`` or itself.
    func withLock<R>(_ body: (inout Value) throws -> R) rethrows -> R {
        try lock.withLock { try body(&value.pointee) }
    }

    /// Reads the value. The same thread may read again inside `body`.
    func read<R, Failure: Error>(_ body: (borrowing Value) throws(Failure) -> R) throws(Failure) -> R {
        lock.lock()
        defer { lock.unlock() }
        return try body(value.pointee)
    }
}
