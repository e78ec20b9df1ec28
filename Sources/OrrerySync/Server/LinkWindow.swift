/// How many bytes a client may have unacknowledged: as many as its link has lately taken in its shortest round trip
/// plus a quarter of a second, so that data in buffers on the way is never old.
///
/// The window begins small and grows while the link keeps up. The idea is that of BBR (recent rate and recent shortest
/// round trip); here batches are the packets, and clients acknowledge them once they are applied.
struct LinkWindow {
    /// How long data may wait on the way, in addition to the round trip.
    static let queueTimeMax: Duration = .milliseconds(250)
    /// Bytes at the beginning.
    static let startSize: UInt64 = 64 << 10
    /// How long a highest rate counts, and also a shortest round trip, if another one can be measured.
    private static let memory: Duration = .seconds(10)
    /// The most sent batches whose acknowledgement is timed.
    private static let sampleCountMax = 64

    private struct Sample {
        /// All bytes sent up to and including this batch.
        var sentByteCount: UInt64
        var sentAt: Duration
        /// The bytes acknowledged when it was sent.
        var acknowledgedByteCount: UInt64
        /// Whether no other batch was under way, so that the round trip is that of the link itself.
        var isAlone: Bool
        /// Whether at least half of the window was under way then.
        var isLimited: Bool
    }

    /// Bytes beyond which nothing more is sent, except the one batch that is always allowed.
    private(set) var size: UInt64
    private let sizeMax: UInt64
    private var samples: [Sample] = []
    private var newestRoundTrip: Duration?
    private var shortest: (roundTrip: Duration, at: Duration)?
    private var highest: (rate: Double, at: Duration)?
    /// Up to and including the last batch that the client was asked to acknowledge.
    private var sentByteCount: UInt64 = 0
    private var acknowledgedByteCount: UInt64 = 0

    init(sizeMax: Int) {
        self.sizeMax = UInt64(sizeMax)
        size = min(Self.startSize, self.sizeMax)
    }

    /// The longest round trip on which batches are sent without an acknowledgement: what few of them take is never old.
    private static let quickRoundTripMax: Duration = .milliseconds(100)

    /// Whether the acknowledgement of a batch would tell something: the link is not known to be quick, or the shortest
    /// round trip was long ago.
    func needsSample(at now: Duration) -> Bool {
        guard let newestRoundTrip, newestRoundTrip <= Self.quickRoundTripMax else { return true }
        return sentByteCount <= acknowledgedByteCount && (shortest.map { now - $0.at > Self.memory } ?? false)
    }

    /// A batch was sent that the client is asked to acknowledge.
    /// - Parameters:
    ///   - size: Its bytes.
    ///   - byteCount: All bytes so far, with it.
    mutating func sent(_ size: UInt64, upTo byteCount: UInt64, at now: Duration) {
        let isAlone = sentByteCount <= acknowledgedByteCount
        // What it was not asked for has arrived meanwhile, if nothing else is under way.
        let acknowledgedByteCount = isAlone ? byteCount - size : acknowledgedByteCount
        sentByteCount = byteCount
        guard samples.count < Self.sampleCountMax else { return }
        samples.append(
            Sample(
                sentByteCount: byteCount, sentAt: now, acknowledgedByteCount: acknowledgedByteCount, isAlone: isAlone,
                isLimited: byteCount - self.acknowledgedByteCount >= self.size / 2))
    }

    /// The client has received this many bytes.
    mutating func acknowledged(_ byteCount: UInt64, at now: Duration) {
        let gained = byteCount - acknowledgedByteCount
        acknowledgedByteCount = byteCount
        guard let last = samples.lastIndex(where: { $0.sentByteCount <= byteCount }) else { return }
        let sample = samples[last]
        samples.removeSubrange(...last)
        let roundTrip = now - sample.sentAt
        newestRoundTrip = roundTrip
        // A link without a round trip is a simulated one, and has no limit.
        guard roundTrip > .zero else {
            size = sizeMax
            return
        }
        let rate = Double(byteCount - sample.acknowledgedByteCount) / (roundTrip / .seconds(1))
        // A batch behind others measures how full the link is, not how long.
        if shortest.map({ roundTrip <= $0.roundTrip || sample.isAlone && now - $0.at > Self.memory }) ?? true {
            shortest = (roundTrip, now)
        }
        if highest.map({ rate >= $0.rate || now - $0.at > Self.memory }) ?? true { highest = (rate, now) }
        let allowed = (shortest?.roundTrip ?? roundTrip) + Self.queueTimeMax
        let target = UInt64((highest?.rate ?? rate) * (allowed / .seconds(1)))
        // While the link keeps up with a window that is used, it may take more.
        let growth = sample.isLimited ? gained : 0
        size = min(sizeMax, roundTrip <= allowed ? max(size, target) + growth : target)
    }
}
