/// The bytes of one message, written once and then shared by every connection that sends it.
///
/// In front of the payload lie ``headRoom`` bytes that belong to the transport: libwebsockets writes the frame header there at
/// each send. That is safe because one loop thread sends; a frame therefore belongs to one loop.
public final class Frame: @unchecked Sendable {
    // Guard: the payload is never written after `init`, or by the `FramePool` that holds it alone; the head room only by the loop
    // thread that sends.

    /// Bytes in front of the payload that a transport may overwrite.
    public static let headRoom = 16

    private let storage: UnsafeMutableRawBufferPointer

    /// Copies `payload` into a new frame.
    /// - Complexity: O(n) in bytes, one allocation.
    public init(copying payload: UnsafeRawBufferPointer) {
        storage = .allocate(byteCount: Frame.headRoom + payload.count, alignment: 16)
        count = payload.count
        fill(with: payload)
    }

    private func fill(with payload: UnsafeRawBufferPointer) {
        count = payload.count
        if payload.count > 0 {
            UnsafeMutableRawBufferPointer(rebasing: storage[Frame.headRoom...]).copyMemory(from: payload)
        }
    }

    /// Takes another payload into the same memory, if it has room for it.
    /// - Precondition: nobody else has the frame.
    fileprivate func refill(with payload: UnsafeRawBufferPointer) -> Bool {
        guard payload.count <= storage.count - Frame.headRoom else { return false }
        fill(with: payload)
        return true
    }

    public convenience init(_ payload: [UInt8]) {
        self.init(copying: payload.withUnsafeBytes { UnsafeRawBufferPointer($0) })
    }

    deinit { storage.deallocate() }

    /// Length of the payload in bytes.
    public private(set) var count: Int

    /// The payload.
    public func withPayload<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try body(UnsafeRawBufferPointer(rebasing: storage[Frame.headRoom..<Frame.headRoom + count]))
    }

    /// The payload with ``headRoom`` writable bytes in front of it. Loop thread only.
    package func withHeadRoom<R>(_ body: (_ payload: UnsafeMutableRawPointer, _ count: Int) throws -> R) rethrows -> R {
        try body(storage.baseAddress! + Frame.headRoom, count)
    }
}

/// Frames that are filled again once every connection has sent them. One loop's.
package struct FramePool {
    /// Frames that are kept, at most; each as long as the longest message that it held.
    static let frameCountMax = 4
    /// Shorter ones are not worth keeping.
    static let frameSizeMin = 4096

    private var frames: [Frame] = []

    package init() {}

    /// A frame with this payload.
    package mutating func frame(copying payload: UnsafeRawBufferPointer) -> Frame {
        guard payload.count >= Self.frameSizeMin else { return Frame(copying: payload) }
        var replaced: Int?
        for position in frames.indices where isKnownUniquelyReferenced(&frames[position]) {
            if frames[position].refill(with: payload) { return frames[position] }
            replaced = position
        }
        let frame = Frame(copying: payload)
        if frames.count < Self.frameCountMax {
            frames.append(frame)
        } else if let replaced {
            frames[replaced] = frame
        }
        return frame
    }
}
