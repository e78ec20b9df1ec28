/// The events of one type that a reader may not have seen yet: those of this tick and the previous one, or all that
/// some system still has to read.
///
/// Events are numbered from 0 in the order of sending; a reader is the number of the next event that it reads.
final class EventBuffer<Event>: AnyEventBuffer {
    private var earlier: [Event] = []
    private var current: [Event] = []
    /// The number of the oldest event that is kept.
    private var first: UInt64
    let isKeptUntilRead: Bool

    init(isKeptUntilRead: Bool = false, first: UInt64 = 0) {
        self.isKeptUntilRead = isKeptUntilRead
        self.first = first
    }

    /// The number that the next event gets.
    var end: UInt64 { first + UInt64(earlier.count + current.count) }

    /// - Returns: Whether there was room.
    func append(_ event: Event) -> Bool {
        guard current.count < World.eventCountMax else { return false }
        current.append(event)
        return true
    }

    /// Adds an event that is kept until it is read. If there are too many, the oldest quarter is dropped.
    /// - Complexity: O(1), amortised.
    func keep(_ event: Event) {
        if earlier.count + current.count >= World.eventCountMax {
            earlier += current
            current.removeAll(keepingCapacity: true)
            drop(World.eventCountMax / 4)
        }
        current.append(event)
    }

    private func drop(_ count: Int) {
        earlier.removeFirst(count)
        first += UInt64(count)
    }

    func endTick(slowestReader: UInt64?) {
        guard isKeptUntilRead else {
            first += UInt64(earlier.count)
            swap(&earlier, &current)
            current.removeAll(keepingCapacity: true)
            return
        }
        earlier += current
        current.removeAll(keepingCapacity: true)
        // A reader that is too slow stands before the oldest.
        drop(slowestReader.map { Int(max($0, first) - first) } ?? earlier.count)
    }

    /// The events from a number on.
    func events(from reader: UInt64) -> Events<Event> {
        let start = max(reader, first)
        let skipped = Int(start - first)
        return Events(
            earlier: earlier.dropFirst(skipped), current: current.dropFirst(max(0, skipped - earlier.count)),
            missedCount: start - reader)
    }
}

/// What a world needs of all its event buffers.
protocol AnyEventBuffer: AnyObject {
    /// Whether events are kept until all systems that read them have read them.
    var isKeptUntilRead: Bool { get }
    /// - Parameter slowestReader: The number of the first event that some system still has to read; `nil` if none
    ///   reads.
    func endTick(slowestReader: UInt64?)
}

/// Events that a reader sees for the first time, in the order of their sending.
public struct Events<Event>: RandomAccessCollection {
    private let earlier: ArraySlice<Event>
    private let current: ArraySlice<Event>
    /// The number of earlier events that the reader missed. Events are kept for the tick in which they are sent and the
    /// next one; removals until every system has read them, ``World/eventCountMax`` of them at most.
    public let missedCount: UInt64

    init(earlier: ArraySlice<Event> = [], current: ArraySlice<Event> = [], missedCount: UInt64 = 0) {
        self.earlier = earlier
        self.current = current
        self.missedCount = missedCount
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { earlier.count + current.count }

    public subscript(position: Int) -> Event {
        position < earlier.count
            ? earlier[earlier.startIndex + position] : current[current.startIndex + position - earlier.count]
    }
}
