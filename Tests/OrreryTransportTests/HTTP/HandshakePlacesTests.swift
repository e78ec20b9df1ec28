import OrreryTransport
import Testing

@Suite("Places before the first request are shared out: the oldest goes first")
struct HandshakePlacesTests {
    private func places(
        _ countMax: Int, share: Int = .max, proxies: [String] = [], timeout: Duration = .seconds(5)
    ) -> HandshakePlaces {
        var limits = TransportLimits()
        limits.handshakeCountMax = countMax
        limits.handshakeShareMax = share
        limits.handshakeTimeout = timeout
        limits.handshakeTimeoutMin = .seconds(1)
        limits.proxyAddresses = proxies
        return HandshakePlaces(limits: limits)
    }

    private let one = NetworkHost("10.0.0.1")
    private let other = NetworkHost("10.0.0.2")

    @Test func theOldestLosesItsPlaceToTheNewest() {
        var places = places(3)
        for id in 1...3 as ClosedRange<UInt64> { #expect(places.take(id, for: one, now: .zero) == nil) }
        places.leave(2)
        #expect(places.take(4, for: other, now: .zero) == nil)
        #expect(places.take(5, for: other, now: .zero) == 1)
        #expect(places.take(6, for: other, now: .zero) == 3)
        #expect(places.count == 3)
        // Again and again: what is kept does not grow with it.
        for id in 7...10_000 as ClosedRange<UInt64> { #expect(places.take(id, for: one, now: .zero) != nil) }
        #expect(places.count == 3)
    }

    @Test func whoHasItsShareLosesItsOwnFirst() {
        var places = places(10, share: 2)
        #expect(places.take(1, for: other, now: .zero) == nil)
        for id in 2...3 as ClosedRange<UInt64> { #expect(places.take(id, for: one, now: .zero) == nil) }
        #expect(places.take(4, for: one, now: .zero) == 2)
        #expect(places.take(5, for: one, now: .zero) == 3)
        #expect(places.take(6, for: other, now: .zero) == nil)
        places.leave(4)
        #expect(places.take(7, for: one, now: .zero) == nil)
    }

    @Test func aNetworkSharesAndAProxyDoesNot() {
        var places = places(10, share: 1, proxies: ["::ffff:10.0.0.9", "2001:db8:9::1"])
        #expect(places.take(1, for: NetworkHost("2001:db8::1"), now: .zero) == nil)
        #expect(places.take(2, for: NetworkHost("2001:db8::2"), now: .zero) == 1)
        for (id, proxy) in [(3, "10.0.0.9"), (4, "10.0.0.9"), (5, "2001:db8:9::1"), (6, "2001:db8:9::1")] {
            #expect(places.take(UInt64(id), for: NetworkHost(proxy), now: .zero) == nil)
        }
        // Its neighbour in the network is none.
        #expect(places.take(7, for: NetworkHost("2001:db8:9::2"), now: .zero) == nil)
        #expect(places.take(8, for: NetworkHost("2001:db8:9::3"), now: .zero) == 7)
    }

    @Test func thisMachineHasNoShareAndTheTotalStaysBounded() {
        var places = places(10, share: 1)
        #expect(places.take(1, for: other, now: .zero) == nil)
        for (id, host) in ["127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1", "127.9.9.9"].enumerated() {
            #expect(places.take(UInt64(id) + 2, for: NetworkHost(host), now: .zero) == nil)
        }
        #expect(places.take(8, for: other, now: .zero) == 1)
        for id in 9...12 as ClosedRange<UInt64> { _ = places.take(id, for: NetworkHost("127.0.0.1"), now: .zero) }
        #expect(places.count == 10)
    }

    @Test func theTimeShrinksUnderPressure() {
        var places = places(100)
        for id in 1...50 as ClosedRange<UInt64> { _ = places.take(id, for: nil, now: .zero) }
        #expect(places.timeoutNow == .seconds(5))
        for id in 51...75 as ClosedRange<UInt64> { _ = places.take(id, for: nil, now: .seconds(2)) }
        #expect(places.timeoutNow == .seconds(3))
        #expect(places.takeOverdue(now: .milliseconds(2999)).isEmpty)
        #expect(places.takeOverdue(now: .seconds(3)) == Array(1...50))
        // With room again the others have all the time.
        #expect(places.timeoutNow == .seconds(5))
        #expect(places.takeOverdue(now: .seconds(6)).isEmpty)
        #expect(places.takeOverdue(now: .seconds(7)) == Array(51...75))
        for id in 101...200 as ClosedRange<UInt64> { _ = places.take(id, for: nil, now: .seconds(8)) }
        #expect(places.timeoutNow == .seconds(1))
    }

    @Test func whoLeftIsNotAskedForAgain() {
        var places = places(4, share: 1)
        _ = places.take(1, for: one, now: .zero)
        places.leave(1)
        places.leave(1)
        places.leave(9)
        #expect(places.count == 0)
        #expect(places.take(2, for: one, now: .zero) == nil)
        #expect(places.takeOverdue(now: .seconds(60)) == [2])
        #expect(places.takeOverdue(now: .seconds(60)).isEmpty)
    }
}
