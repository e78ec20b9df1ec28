internal import Glibc

/// A lock that ``Condition``s can wait on (the standard library's `Mutex` has no conditions).
package final class Lock: @unchecked Sendable {
    // Guard: a pthread mutex is made for many threads; the pointer never changes.
    fileprivate let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    package init() {
        var attributes = pthread_mutexattr_t()
        pthread_mutexattr_init(&attributes)
        // Recursive: a guarded object may be released inside, and its deinit may need the lock.
        pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_RECURSIVE))
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, &attributes)
        pthread_mutexattr_destroy(&attributes)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    package func lock() { pthread_mutex_lock(mutex) }

    package func unlock() { pthread_mutex_unlock(mutex) }

    package func withLock<R>(_ body: () throws -> R) rethrows -> R {
        lock()
        defer { unlock() }
        return try body()
    }
}

/// A condition that threads inside one ``Lock`` wait for.
package final class Condition: @unchecked Sendable {
    // Guard: as for `Lock`.
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let lock: Lock

    package init(of lock: Lock) {
        self.lock = lock
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // Not the wall clock, which may be changed during a wait.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        condition.initialize(to: pthread_cond_t())
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
    }

    package func signal() {
        pthread_cond_broadcast(condition)
    }

    /// Releases the lock until the condition is signalled or `duration` has passed. May return without a reason, as
    /// conditions do.
    /// - Precondition: The calling thread is inside `withLock` of this condition's lock.
    package func wait(atMost duration: Duration) {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let (seconds, attoseconds) = max(duration, .zero).components
        let nanoseconds = time.tv_nsec + Int(attoseconds / 1_000_000_000)
        // A day is long enough and cannot overflow.
        time.tv_sec += min(Int(seconds), 86_400) + nanoseconds / 1_000_000_000
        time.tv_nsec = nanoseconds % 1_000_000_000
        pthread_cond_timedwait(condition, lock.mutex, &time)
    }
}
