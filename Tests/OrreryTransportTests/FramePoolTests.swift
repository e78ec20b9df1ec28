import OrreryTransport
import Testing

/// Frames are filled again, but never while somebody has them.
@Suite struct FramePoolTests {
    @Test func aFrameThatSomebodyHasIsLeftAlone() {
        var pool = FramePool()
        let sizes = [5000, 8000, 100, 4096, 8000, 0, 70_000, 6000]
        var held: [(frame: Frame, payload: [UInt8])] = []
        for number in 0..<200 {
            let payload = [UInt8](repeating: UInt8(number), count: sizes[number % sizes.count])
            held.append((payload.withUnsafeBytes { pool.frame(copying: $0) }, payload))
            if held.count > 1 + number % 7 { held.removeFirst() }
            for (frame, payload) in held { #expect(frame.withPayload { Array($0) } == payload) }
        }
    }

    @Test func aFrameThatNobodyHasIsFilledAgain() {
        var pool = FramePool()
        let payload = [UInt8](repeating: 1, count: 5000)
        let first = ObjectIdentifier(payload.withUnsafeBytes { pool.frame(copying: $0) })
        let second = ObjectIdentifier(payload.prefix(4500).withUnsafeBytes { pool.frame(copying: $0) })
        #expect(first == second)
    }
}
