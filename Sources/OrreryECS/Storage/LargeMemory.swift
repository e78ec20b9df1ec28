internal import Glibc

/// Memory for what grows to many megabytes.
///
/// Of 2 MiB and more it is asked for in huge pages, which Linux gives where `transparent_hugepage` says `madvise` or
/// `always`: a million entities are then some dozen pages and not ten thousand, and a look-up in random order does not
/// miss in the tables of pages as well as in the caches.
enum LargeMemory {
    /// Bytes of a huge page.
    static let pageSize = 1 << 21

    /// Memory that is given back by `deallocate()`, aligned to 64 bytes at least.
    static func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
        guard byteCount >= pageSize else { return .allocate(byteCount: byteCount, alignment: 64) }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: pageSize)
        // Refused means small pages: slower, and nothing else.
        _ = madvise(memory, byteCount, MADV_HUGEPAGE)
        return memory
    }

    static func allocate<Value>(_ type: Value.Type, capacity: Int) -> UnsafeMutablePointer<Value> {
        allocate(byteCount: capacity * MemoryLayout<Value>.stride).bindMemory(to: type, capacity: capacity)
    }
}
