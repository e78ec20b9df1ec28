internal import Glibc

/// Memory for data that grows to many megabytes.
///
/// For 2 MiB and more, `allocate` asks Linux for huge pages, which it grants if `transparent_hugepage` is `madvise` or
/// `always`. A million entities are then some dozen pages instead of ten thousand, and a random look-up does not miss
/// in the page tables as well as in the caches.
enum LargeMemory {
    /// Bytes of a huge page.
    static let pageSize = 1 << 21

    /// Memory to be freed with `deallocate()`, aligned to at least 64 bytes.
    static func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
        guard byteCount >= pageSize else { return .allocate(byteCount: byteCount, alignment: 64) }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: pageSize)
        // A refusal means small pages: slower, but otherwise the same.
        _ = madvise(memory, byteCount, MADV_HUGEPAGE)
        return memory
    }

    static func allocate<Value>(_ type: Value.Type, capacity: Int) -> UnsafeMutablePointer<Value> {
        allocate(byteCount: capacity * MemoryLayout<Value>.stride).bindMemory(to: type, capacity: capacity)
    }
}
