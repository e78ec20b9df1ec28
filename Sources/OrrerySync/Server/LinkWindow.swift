/// How many bytes a client may have unacknowledged: as many as its link has lately taken in its shortest round trip and
/// a quarter of a second, so that what waits in buffers on the way is never old.
///
/// It begins small and grows while the link keeps up. The idea is that of BBR (rate and shortest round trip, each
/// lately); here batches are the packets, and acknowledgements come once they are applied.
struct LinkWindow {
    /// What waits on the way beside the round trip.
    static let queueTimeMax: Duration = .milliseconds(250)
    /// Bytes at the beginning.
    static let startSize: UInt64 = 64 << 10
    /// How long a highest rate counts, and a shortest round trip where another one can be measured.
    private static let memory: Duration = .seconds(10)
    /// Sent batches whose acknowledgement is timed, at most.
    private static let sampleCountMax = 64

    private struct Sample {
        /// All that was sent with it and before.
        var sentByteCount: UInt64
        var sentAt: Duration
        /// What was acknowledged when it was sent, and when that came.
        var acknowledgedByteCount: UInt64
        /// Whether nothing else was under way, so that its round trip is the way's own.
        var isAlone: Bool
    }

    /// Bytes beyond which nothing more is sent, the one batch that is always allowed apart.
    private(set) var size: UInt64
    private let sizeMax: UInt64
    private var samples: [Sample] = []
    private var shortest: (roundTrip: Duration, at: Duration)?
    private var highest: (rate: Double, at: Duration)?
    private var sentByteCount: UInt64 = 0
    private var acknowledgedByteCount: UInt64 = 0

    init(sizeMax: Int) {
        self.sizeMax = UInt64(sizeMax)
        size = min(Self.startSize, self.sizeMax)
    }

    mutating func sent(upTo byteCount: UInt64, at now: Duration) {
        let isAlone = sentByteCount == acknowledgedByteCount
        sentByteCount = byteCount
        guard samples.count < Self.sampleCountMax else { return }
        samples.append(
            Sample(
                sentByteCount: byteCount, sentAt: now, acknowledgedByteCount: acknowledgedByteCount, isAlone: isAlone))
    }

    /// The client has so many bytes.
    mutating func acknowledged(_ byteCount: UInt64, at now: Duration) {
        let gained = byteCount - acknowledgedByteCount
        acknowledgedByteCount = byteCount
        guard let last = samples.lastIndex(where: { $0.sentByteCount <= byteCount }) else { return }
        let sample = samples[last]
        samples.removeSubrange(...last)
        let roundTrip = now - sample.sentAt
        // A link without a round trip has no limit: simulated ones.
        guard roundTrip > .zero else {
            size = sizeMax
            return
        }
        let rate = Double(byteCount - sample.acknowledgedByteCount) / (roundTrip / .seconds(1))
        // One with others in front of it says how full the way is, not how long.
        if shortest.map({ roundTrip <= $0.roundTrip || sample.isAlone && now - $0.at > Self.memory }) ?? true {
            shortest = (roundTrip, now)
        }
        if highest.map({ rate >= $0.rate || now - $0.at > Self.memory }) ?? true { highest = (rate, now) }
        let allowed = (shortest?.roundTrip ?? roundTrip) + Self.queueTimeMax
        let target = UInt64((highest?.rate ?? rate) * (allowed / .seconds(1)))
        // While it keeps up it may take more: what was sent may have been all that there was.
        size = min(sizeMax, roundTrip <= allowed ? max(size, target) + gained : target)
    }
}
