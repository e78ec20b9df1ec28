package import OrrerySchema

/// The head of each message of a batch.
package struct BatchHead: Hashable, Sendable {
    /// The tick of the state after the batch.
    package var tick: Tick
    /// The batch has all changes after this tick. A client at an earlier tick has missed some.
    package var base: Tick
    /// Whether this is the last message of the batch: the client now applies all staged messages at once.
    package var isWhole: Bool
    /// Whether the client is to acknowledge the message at once. One that is not the last always is.
    package var asksToAcknowledge: Bool
    /// The position of the message in the batch, from 0. Part 0 drops the staged messages of an unfinished batch.
    package var part: Int

    package init(tick: Tick, base: Tick, isWhole: Bool, asksToAcknowledge: Bool = true, part: Int) {
        self.tick = tick
        self.base = base
        self.isWhole = isWhole
        self.asksToAcknowledge = asksToAcknowledge || !isWhole
        self.part = part
    }
}

/// How a message ends its batch.
enum BatchEnd {
    static let unfinished: UInt8 = 0
    static let whole: UInt8 = 1
    /// Whole, and the client need not acknowledge it.
    static let wholeUnasked: UInt8 = 3
}

/// The numbers of the sections of a batch. They are written and applied in the order table, schema, restarted, started,
/// despawn, left, enter, spawn, joined, remove, and then values. 9 is reserved for events.
enum BatchSectionKind {
    static let started: UInt8 = 1
    static let despawn: UInt8 = 2
    static let left: UInt8 = 3
    static let enter: UInt8 = 4
    static let spawn: UInt8 = 5
    static let remove: UInt8 = 6
    static let insert: UInt8 = 7
    static let update: UInt8 = 8
    static let table: UInt8 = 10
    static let schema: UInt8 = 11
    static let joined: UInt8 = 12
    static let restarted: UInt8 = 13
    static let extent: UInt8 = 14
    static let centre: UInt8 = 15
}

extension ByteWriter {
    mutating func append(_ head: BatchHead) {
        append(ServerMessageKind.syncBatch)
        appendLane()
        append(varint: head.tick.rawValue)
        append(varint: head.tick.ticks(since: head.base))
        append(head.isWhole ? head.asksToAcknowledge ? BatchEnd.whole : BatchEnd.wholeUnasked : BatchEnd.unfinished)
        append(varint: head.part)
    }
}
