/// The bytes of one message, written once and then shared by every connection that sends it.
///
/// In front of the payload are ``headRoom`` bytes for the transport: libwebsockets writes the frame header there at
/// each send. That is safe because a frame belongs to one loop, and only the thread of that loop sends it.
public final class Frame: @unchecked Sendable {
    // Guard: once a frame is handed out, only a `FramePool` that holds the last reference writes its payload, and only
    // the sending loop thread writes its head room.

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

    /// Creates a frame with a copy of these bytes.
    public convenience init(_ payload: [UInt8]) {
        self.init(copying: payload.withUnsafeBytes { UnsafeRawBufferPointer($0) })
    }

    fileprivate init() { storage = [] }

    /// The length of the payload in bytes.
    public var count: Int { storage.count - Frame.headRoom }

    /// Calls `body` with the payload.
    public func withPayload<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try storage.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[Frame.headRoom...])) }
    }

    /// Calls `body` with the payload, which has ``headRoom`` writable bytes in front of it. Loop thread only.
    package func withHeadRoom<R>(_ body: (_ payload: UnsafeMutableRawPointer, _ count: Int) throws -> R) rethrows -> R {
        let count = count
        return try storage.withUnsafeMutableBytes { try body($0.baseAddress! + Frame.headRoom, count) }
    }

    /// A copy of the payload.
    public var bytes: [UInt8] { Array(storage[Frame.headRoom...]) }

    /// Takes the frame's memory, with the head room in it and room for a payload of `capacity` bytes.
    /// - Precondition: No other reference to the frame exists.
    fileprivate func takeStorage(capacity: Int) -> [UInt8] {
        var storage: [UInt8] = []
        swap(&self.storage, &storage)
        storage.removeAll(keepingCapacity: true)
        storage.reserveCapacity(Frame.headRoom + capacity)
        storage.append(contentsOf: repeatElement(0, count: Frame.headRoom))
        return storage
    }

    fileprivate func setStorage(_ storage: consuming [UInt8]) { self.storage = storage }

    fileprivate var capacity: Int { storage.capacity - Frame.headRoom }
}

/// A pool of frames that are reused once every connection has sent them, so that messages repeated every tick do not
/// allocate each time. It belongs to one loop.
///
/// (An allocator returns the memory of large messages to the system, and has to request every page again.)
package struct FramePool {
    /// The maximum number of kept frames of each kind. Small ones are for the sessions that have something of their own
    /// in each tick: 4 MiB at most.
    static let (smallCountMax, largeCountMax) = (1024, 4)
    /// The minimum size of a large payload. A frame of a large payload stays as long as the longest message that it
    /// held.
    static let largeSizeMin = 4096
    /// The maximum number of frames to check for one that everybody has sent.
    private static let triesMax = 4

    private var small: [Frame] = []
    private var large: [Frame] = []
    private var next = 0

    package init() {}

    /// How many frames are kept, for tests.
    var keptCount: Int { small.count + large.count }

    /// Makes a frame. `body` appends the payload to an array that already holds the head room.
    /// - Parameter capacity: The approximate length of the payload.
    package mutating func frame(capacity: Int, _ body: (inout [UInt8]) -> Void) -> Frame {
        let frame = capacity < Self.largeSizeMin ? spareSmall() : spareLarge(capacity)
        var storage = frame.takeStorage(capacity: capacity)
        body(&storage)
        frame.setStorage(storage)
        return frame
    }

    private mutating func spareSmall() -> Frame {
        // The one that was handed out longest ago is free, if any is.
        for _ in 0..<min(Self.triesMax, small.count) {
            next = (next + 1) % small.count
            if isKnownUniquelyReferenced(&small[next]) { return small[next] }
        }
        let frame = Frame()
        // Or all of these frames wait for slow readers.
        if small.count < Self.smallCountMax { small.append(frame) } else { small[next] = frame }
        return frame
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
