import OrrerySchema
import Testing

@testable import OrrerySync

/// What a client sees over a link is never old: what is under way is bounded by what the link takes.
@Suite struct LinkWindowTests {
    /// A link that takes so many bytes a second, with a way of so long in each direction.
    private struct Link {
        var rate: Double
        var delay: Double
        private var freeAt = 0.0

        init(rate: Double, delay: Double) {
            (self.rate, self.delay) = (rate, delay)
        }

        /// When bytes that are sent now have arrived.
        mutating func arrival(of byteCount: Int, sentAt now: Double) -> Double {
            freeAt = max(freeAt, now) + Double(byteCount) / rate
            return freeAt + delay
        }
    }

    /// What came of watching a world for a while, the first seconds apart.
    private struct Watch {
        var lags: [Double] = []
        var ticks = 0
        var missed = 0
        /// Batches that the client was asked to acknowledge.
        var asked = 0
    }

    /// Sends a batch of the ticks since the last one whenever the window allows; the client acknowledges at once what
    /// it is asked to.
    private func watch(
        _ link: Link, batchSize: Int, hertz: Double, seconds: Double, settling: Double
    ) -> Watch {
        var link = link
        let configuration = SyncServerConfiguration()
        var delivery = Delivery(openedAt: .zero, configuration)
        // A first, empty part.
        _ = delivery.acknowledged(.zero, 0, at: .zero)
        var result = Watch()
        var acknowledgements: [(at: Double, byteCount: UInt64, tick: Tick)] = []
        var lastSentTick = 0
        for number in 1...Int(seconds * hertz) {
            let (now, tick) = (Double(number) / hertz, Tick(UInt64(number)))
            while let next = acknowledgements.first, next.at <= now {
                let isPossible = delivery.acknowledged(next.tick, next.byteCount, at: .seconds(next.at))
                #expect(isPossible)
                delivery.lastHeardAt = .seconds(next.at)
                acknowledgements.removeFirst()
            }
            guard delivery.isWindowOpen(configuration) else { continue }
            let asks = delivery.needsAcknowledgement(
                of: batchSize, reaching: tick, configuration, now: .seconds(now))
            delivery.sent(batchSize, reaching: tick, asksToAcknowledge: asks, at: .seconds(now))
            let arrival = link.arrival(of: batchSize, sentAt: now)
            if asks { acknowledgements.append((arrival + link.delay, delivery.sentByteCount, tick)) }
            if now > settling {
                result.lags.append(arrival - now)
                result.ticks += 1
                result.missed += number - lastSentTick - 1
                result.asked += asks ? 1 : 0
            }
            lastSentTick = number
        }
        return result
    }

    @Test(
        "At most a second, or three batches' time and the round trip",
        arguments: [12_500.0, 125_000, 1_250_000], [0.0, 0.025, 0.15])
    func aSlowLinkShowsWhatIsNew(rate: Double, delay: Double) throws {
        let batchSize = 15_300
        let watched = watch(
            Link(rate: rate, delay: delay), batchSize: batchSize, hertz: 30, seconds: 110, settling: 12)
        let lag = try #require(watched.lags.max())
        let bound = max(1, 3 * Double(batchSize) / rate + 2 * delay)
        #expect(lag <= bound, "\(lag) s, the bound is \(bound) s")
        #expect(watched.ticks > 5)
        // It is not idle either: most of what the link takes is used.
        let used = Double(watched.ticks * batchSize) / 98
        #expect(used >= min(0.6 * rate, 0.95 * 30 * Double(batchSize)), "\(used) bytes a second of \(rate)")
    }

    @Test func aLongFastLinkLosesNoTickOnceItHasGrown() {
        let watched = watch(
            Link(rate: 2_500_000, delay: 0.15), batchSize: 15_300, hertz: 30, seconds: 120, settling: 5)
        #expect(watched.missed == 0)
        #expect(watched.ticks > 3000)
    }

    @Test func aQuickLinkLosesNothingFromTheBeginning() {
        let watched = watch(
            Link(rate: 100_000_000, delay: 0.0005), batchSize: 120_000, hertz: 60, seconds: 20, settling: 0)
        #expect(watched.missed == 0)
    }

    @Test func mostBatchesOfAQuickLinkNeedNoAcknowledgement() {
        let watched = watch(
            Link(rate: 100_000_000, delay: 0.0005), batchSize: 900, hertz: 60, seconds: 60, settling: 1)
        #expect(watched.missed == 0)
        #expect(watched.asked <= watched.ticks / 4 + 60 / 10 + 2, "\(watched.asked) of \(watched.ticks)")
        #expect(watched.asked >= watched.ticks / 4)
    }

    @Test func aWindowBeginsSmallAndIsNeverLargerThanStated() {
        #expect(LinkWindow(sizeMax: 1 << 20).size == 64 << 10)
        #expect(LinkWindow(sizeMax: 1000).size == 1000)
        var window = LinkWindow(sizeMax: 200_000)
        var sent: UInt64 = 0
        for step in 1...100 {
            sent += 50_000
            window.sent(50_000, upTo: sent, at: .milliseconds(step * 10))
            window.acknowledged(sent, at: .milliseconds(step * 10 + 1))
            #expect(window.size <= 200_000)
        }
        #expect(window.size == 200_000)
    }
}
