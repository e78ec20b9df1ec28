/// One side of a connection in memory, with the direction that leads away from it. Touched inside the network's lock
/// only.
final class MemoryEndpoint {
    var id: ConnectionID
    private(set) weak var loop: MemoryLoop?
    var peer: MemoryEndpoint?
    /// What comes here comes through it.
    var lane: MemoryLane?
    /// What a client asked with; at the server's end.
    var request = HTTPRequest()
    /// Whether the handler was told that it opened.
    var wasOpened = false
    /// Neither sends nor receives any more; its handler has heard so or will.
    var isClosed = false

    /// Sent and not yet taken by the peer, in order. Bound: the link and `pendingByteCountMax`.
    private var parcels = Queue<MemoryParcel>()
    private(set) var untakenByteCount = 0
    /// Whether something had to wait since the handler last heard "drained".
    var owesDrained = false
    /// What the peer took and what arrived from it, so far.
    private(set) var progress = ConnectionProgress()

    /// Whether messages are handed on; what comes meanwhile is in `held`.
    var isReading = true
    /// What arrived and must wait, in order: the messages are still on the link. Bound: that of the link and of what
    /// may wait.
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

    /// The peer takes the oldest parcel. Nil when nothing is under way (it was dropped).
    func take() -> MemoryParcel? {
        guard let parcel = parcels.popFirst() else { return nil }
        untakenByteCount -= parcel.byteCount
        progress.takenByteCount += UInt64(parcel.byteCount)
        return parcel
    }

    func noteArrival(of parcel: MemoryParcel) {
        progress.arrivedByteCount += UInt64(parcel.byteCount)
    }

    /// Drops what has not wholly entered the link.
    func dropWaiting(linkByteCountMax: Int) {
        var kept = Queue<MemoryParcel>()
        var keptByteCount = 0
        while let parcel = parcels.popFirst() {
            guard keptByteCount + parcel.byteCount <= linkByteCountMax else {
                parcel.frame = nil
                // What follows must not overtake what is dropped.
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
    /// Nil once it has been dropped.
    var frame: Frame?
    let byteCount: Int

    init(_ frame: Frame) {
        self.frame = frame
        byteCount = frame.waitingByteCount
    }
}
