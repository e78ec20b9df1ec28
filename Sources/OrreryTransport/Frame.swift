/// The bytes of one message, written once and then shared by every connection that sends it.
///
/// In front of the payload lie ``headRoom`` bytes that belong to the transport: libwebsockets writes the frame header there at
/// each send. That is safe because one loop thread sends; a frame therefore belongs to one loop.
public final class Frame: @unchecked Sendable {
    // Guard: the payload is never written after `init`; the head room only by the loop thread that sends.

    /// Bytes in front of the payload that a transport may overwrite.
    public static let headRoom = 16

    private let storage: UnsafeMutableRawBufferPointer

    /// Copies `payload` into a new frame.
    /// - Complexity: O(n) in bytes, one allocation.
    public init(copying payload: UnsafeRawBufferPointer) {
        storage = .allocate(byteCount: Frame.headRoom + payload.count, alignment: 16)
        if payload.count > 0 {
            UnsafeMutableRawBufferPointer(rebasing: storage[Frame.headRoom...]).copyMemory(from: payload)
        }
    }

    public convenience init(_ payload: [UInt8]) {
        self.init(copying: payload.withUnsafeBytes { UnsafeRawBufferPointer($0) })
    }

    deinit { storage.deallocate() }

    /// Length of the payload in bytes.
    public var count: Int { storage.count - Frame.headRoom }

    /// The payload.
    public func withPayload<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try body(UnsafeRawBufferPointer(rebasing: storage[Frame.headRoom...]))
    }

    /// The payload with ``headRoom`` writable bytes in front of it. Loop thread only.
    package func withHeadRoom<R>(_ body: (_ payload: UnsafeMutableRawPointer, _ count: Int) throws -> R) rethrows -> R {
        try body(storage.baseAddress! + Frame.headRoom, count)
    }
}
