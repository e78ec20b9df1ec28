import Testing

@testable import OrreryTransport

/// Frames are filled again, but never while somebody has them.
@Suite struct FramePoolTests {
    @Test func aFrameThatSomebodyHasIsLeftAlone() {
        var pool = FramePool()
        let sizes = [5000, 8000, 100, 4096, 8000, 0, 70_000, 6000]
        var held: [(frame: Frame, payload: [UInt8])] = []
        for number in 0..<200 {
            let payload = [UInt8](repeating: UInt8(number), count: sizes[number % sizes.count])
            held.append((pool.frame(capacity: payload.count) { $0 += payload }, payload))
            if held.count > 1 + number % 7 { held.removeFirst() }
            for (frame, payload) in held { #expect(frame.withPayload { Array($0) } == payload) }
        }
    }

    @Test func aFrameThatNobodyHasIsFilledAgain() {
        var pool = FramePool()
        let first = ObjectIdentifier(pool.frame(capacity: 5000) { $0 += [UInt8](repeating: 1, count: 5000) })
        let second = ObjectIdentifier(pool.frame(capacity: 4500) { $0 += [UInt8](repeating: 2, count: 4500) })
        #expect(first == second)
    }

    @Test func manySmallFramesTakeTheMemoryOfAFew() {
        var pool = FramePool()
        var frames: Set<ObjectIdentifier> = []
        for number in 0..<10_000 {
            let frame = pool.frame(capacity: 0) { $0 += [UInt8](repeating: UInt8(number & 255), count: number % 100) }
            #expect(frame.count == number % 100)
            frames.insert(ObjectIdentifier(frame))
        }
        #expect(frames.count == 1)
    }

    @Test func framesOfManySessionsAreThoseOfTheTickBefore() {
        var pool = FramePool()
        var seen: Set<ObjectIdentifier> = []
        for _ in 0..<50 {
            // All of a tick are made before the first is sent.
            let frames = (0..<300).map { number in pool.frame(capacity: 100) { $0.append(UInt8(number & 255)) } }
            #expect(Set(frames.map(ObjectIdentifier.init)).count == 300)
            seen.formUnion(frames.map(ObjectIdentifier.init))
        }
        #expect(seen.count == 300)
    }

    @Test func noMoreAreKeptThanItsLimit() {
        var pool = FramePool()
        let held = (0..<2 * FramePool.smallCountMax).map { _ in pool.frame(capacity: 10) { $0.append(1) } }
        #expect(Set(held.map(ObjectIdentifier.init)).count == 2 * FramePool.smallCountMax)
        #expect(pool.keptCount == FramePool.smallCountMax)
    }
}
