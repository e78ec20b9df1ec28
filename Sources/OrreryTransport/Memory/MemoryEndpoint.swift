/// One side of an in-memory connection, with the direction that leads away from it. Only accessed inside the network's
/// lock.
final class MemoryEndpoint {
    var id: ConnectionID
    private(set) weak var loop: MemoryLoop?
    var peer: MemoryEndpoint?
    /// The lane through which events arrive here.
    var lane: MemoryLane?
    /// The client's request; set at the server's end.
    var request = HTTPRequest()
    /// Whether the handler was told that it opened.
    var wasOpened = false
    /// Whether this side no longer sends or receives. Its handler has been told, or will be.
    var isClosed = false

    /// Sent and not yet taken by the peer, in order. Bound: the link and `pendingByteCountMax`.
    private var parcels = Queue<MemoryParcel>()
    private(set) var untakenByteCount = 0
    /// Whether a message had to wait since the handler was last told "drained".
    var owesDrained = false
    /// The progress so far: bytes that the peer took, and bytes that arrived from it.
    private(set) var progress = ConnectionProgress()

    /// Whether messages are delivered; while they are not, arriving messages go to `held`.
    var isReading = true
    /// Events that arrived and must wait, in order; their messages still occupy the link. Bound: the link's and that of
    /// waiting messages.
    var held = Queue<MemoryLoop.Event>()

    init(id: ConnectionID, loop: MemoryLoop) {
        self.id = id
        self.loop = loop
    }

    /// Bytes that do not fit the link.
    func pendingByteCount(linkByteCountMax: Int) -> Int { max(0, untakenByteCount - linkByteCountMax) }

    func put(_ parcel: MemoryParcel) {
        parcels.append(parcel)
        untakenByteCount += parcel.byteCount
    }

    /// The peer takes the oldest parcel. Nil if nothing is on the way (it was dropped).
    func take() -> MemoryParcel? {
        guard let parcel = parcels.popFirst() else { return nil }
        untakenByteCount -= parcel.byteCount
        progress.takenByteCount += UInt64(parcel.byteCount)
        return parcel
    }

    func noteArrival(of parcel: MemoryParcel) {
        progress.arrivedByteCount += UInt64(parcel.byteCount)
    }

    /// Drops everything that has not entered the link completely.
    func dropWaiting(linkByteCountMax: Int) {
        var kept = Queue<MemoryParcel>()
        var keptByteCount = 0
        while let parcel = parcels.popFirst() {
            guard keptByteCount + parcel.byteCount <= linkByteCountMax else {
                parcel.frame = nil
                // Later parcels must not overtake a dropped one.
                while let later = parcels.popFirst() { later.frame = nil }
                break
            }
            kept.append(parcel)
            keptByteCount += parcel.byteCount
        }
        parcels = kept
        untakenByteCount = keptByteCount
        owesDrained = false
    }
}

/// A message on its way.
final class MemoryParcel {
    /// The message; nil once it has been dropped.
    var frame: Frame?
    let byteCount: Int

    init(_ frame: Frame) {
        self.frame = frame
        byteCount = frame.waitingByteCount
    }
}
