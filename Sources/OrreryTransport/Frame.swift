/// The bytes of one message, written once and then shared by every connection that sends it.
///
/// In front of the payload lie ``headRoom`` bytes that belong to the transport: libwebsockets writes the frame header
/// there at each send. That is safe because one loop thread sends; a frame therefore belongs to one loop.
public final class Frame: @unchecked Sendable {
    // Guard: the payload is never written after the frame was handed out, but by a `FramePool` that holds it alone; the
    // head room only by the loop thread that sends.

    /// Bytes in front of the payload that a transport may overwrite.
    public static let headRoom = 16

    /// The head room, then the payload.
    private var storage: [UInt8]

    /// Copies `payload` into a new frame.
    /// - Complexity: O(n) in bytes, one allocation.
    public init(copying payload: UnsafeRawBufferPointer) {
        storage = Array(repeating: 0, count: Frame.headRoom)
        storage.reserveCapacity(Frame.headRoom + payload.count)
        storage.append(contentsOf: payload)
    }

    /// A frame of a copy of these bytes.
    public convenience init(_ payload: [UInt8]) {
        self.init(copying: payload.withUnsafeBytes { UnsafeRawBufferPointer($0) })
    }

    fileprivate init() { storage = [] }

    /// Length of the payload in bytes.
    public var count: Int { storage.count - Frame.headRoom }

    /// The payload.
    public func withPayload<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try storage.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[Frame.headRoom...])) }
    }

    /// The payload with ``headRoom`` writable bytes in front of it. Loop thread only.
    package func withHeadRoom<R>(_ body: (_ payload: UnsafeMutableRawPointer, _ count: Int) throws -> R) rethrows -> R {
        let count = count
        return try storage.withUnsafeMutableBytes { try body($0.baseAddress! + Frame.headRoom, count) }
    }

    /// A copy of the payload.
    public var bytes: [UInt8] { Array(storage[Frame.headRoom...]) }

    /// Gives the memory away, with the head room in it and room for a payload of so many bytes.
    /// - Precondition: nobody else has the frame.
    fileprivate func takeStorage(capacity: Int) -> [UInt8] {
        var storage: [UInt8] = []
        swap(&self.storage, &storage)
        storage.removeAll(keepingCapacity: true)
        storage.reserveCapacity(Frame.headRoom + capacity)
        for _ in 0..<Frame.headRoom { storage.append(0) }
        return storage
    }

    fileprivate func setStorage(_ storage: consuming [UInt8]) { self.storage = storage }

    fileprivate var capacity: Int { storage.capacity - Frame.headRoom }
}

/// Frames that are written in their own memory, and written again once every connection has sent them: what is said as
/// often in every tick is allocated once. One loop's.
///
/// (An allocator gives memory of large messages back to the system, and every page of it has to be asked for again.)
package struct FramePool {
    /// Frames that are kept of each kind, at most.
    static let (smallCountMax, largeCountMax) = (64, 4)
    /// Payloads from here on are large: a frame of them is as long as the longest message that it held.
    static let largeSizeMin = 4096
    /// Frames that are looked at for one that everybody has sent.
    private static let triesMax = 4

    private var small: [Frame] = []
    private var large: [Frame] = []
    private var next = 0

    package init() {}

    /// A frame whose payload `body` appends to an array that holds the head room.
    /// - Parameter capacity: about how long the payload will be.
    package mutating func frame(capacity: Int, _ body: (inout [UInt8]) -> Void) -> Frame {
        let frame = capacity < Self.largeSizeMin ? spareSmall() : spareLarge(capacity)
        var storage = frame.takeStorage(capacity: capacity)
        body(&storage)
        frame.setStorage(storage)
        return frame
    }

    private mutating func spareSmall() -> Frame {
        guard small.count == Self.smallCountMax else {
            small.append(Frame())
            return small[small.count - 1]
        }
        for _ in 0..<Self.triesMax {
            next = (next + 1) % Self.smallCountMax
            if isKnownUniquelyReferenced(&small[next]) { return small[next] }
        }
        // All of them wait for slow readers.
        small[next] = Frame()
        return small[next]
    }

    private mutating func spareLarge(_ capacity: Int) -> Frame {
        var replaced: Int?
        for position in large.indices where isKnownUniquelyReferenced(&large[position]) {
            if large[position].capacity >= capacity { return large[position] }
            replaced = position
        }
        if let replaced { return large[replaced] }
        let frame = Frame()
        if large.count < Self.largeCountMax { large.append(frame) }
        return frame
    }
}
