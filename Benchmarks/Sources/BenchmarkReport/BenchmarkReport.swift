/// What a server process says about itself when asked, as one line of JSON. Counts and times are since its start.
public struct ServerReport: Codable, Sendable {
    public struct Thread: Codable, Sendable {
        public var id: Int32
        public var name: String
        /// Nanoseconds.
        public var processorTime: UInt64
        public var allocationCount: UInt64?
        /// Bytes.
        public var allocatedSize: UInt64?
        public var freeCount: UInt64?

        public init(id: Int32, name: String, processorTime: UInt64) {
            self.id = id
            self.name = name
            self.processorTime = processorTime
        }
    }

    /// Nanoseconds of the clock that all processes share.
    public var time: UInt64
    public var tickCount: UInt64
    public var lateTickCount: UInt64
    public var skippedTickCount: UInt64
    /// Nanoseconds that all ticks took together.
    public var tickTime: UInt64?
    /// Bytes.
    public var residentSize: UInt64
    public var threads: [Thread]

    public init(
        time: UInt64, tickCount: UInt64, lateTickCount: UInt64, skippedTickCount: UInt64, tickTime: UInt64,
        residentSize: UInt64, threads: [Thread]
    ) {
        self.time = time
        self.tickCount = tickCount
        self.lateTickCount = lateTickCount
        self.skippedTickCount = skippedTickCount
        self.tickTime = tickTime
        self.residentSize = residentSize
        self.threads = threads
    }
}

/// What the load program says: about all its clients together, since the last reset.
public struct LoadReport: Codable, Sendable {
    /// Whole batches.
    public var batches: UInt64
    /// Payload bytes of all batches.
    public var bytes: UInt64
    /// Batches that led from one tick to the next, and their bytes.
    public var singleTickBatches: UInt64
    public var singleTickBytes: UInt64
    /// Ticks that came as a part of a later one's batch.
    public var mergedTicks: UInt64
    /// Ticks that all clients have passed, and the batches that led to one of them, of all clients together.
    public var passedTicks: UInt64
    public var passedDeliveries: UInt64
    /// Of ticks that some clients were sent: how often a client was not, since it was behind.
    public var unequalTicks: UInt64
    /// Batches whose end differs from that of another client's batch to the same tick.
    public var wrongStates: UInt64
    /// Clients that stand more than 30 ticks behind the newest.
    public var lateClients: UInt64
    /// Milliseconds: the longest time of any client without a whole batch.
    public var longestSilence: Double
    /// Milliseconds from the beginning of a tick until its batch was read.
    public var doneP50: Double
    public var doneP99: Double
}

/// What the program of the bad clients says, since its start.
public struct RogueReport: Codable, Sendable {
    /// Batches that the slow one has read.
    public var slowBatches: UInt64
    /// How often each has connected.
    public var slowConnections: UInt64
    public var silentConnections: UInt64
    public var hostileConnections: UInt64
}

/// What the program of those who say much says, since its start.
public struct TalkerReport: Codable, Sendable {
    /// Requests and mutations that were sent, or wait to be.
    public var asked: UInt64
    public var answered: UInt64
    /// Of the answers: those that refuse.
    public var refused: UInt64
    /// Answers that may still come: of connections that are open.
    public var waiting: UInt64
    /// Connections that were closed, and the code of the last.
    public var closed: UInt64
    public var lastCloseCode: Int
}

/// What the program of those who come back says when all are whole again.
public struct ResumeReport: Codable, Sendable {
    /// What one client was sent after its Welcome, up to the batch that made it whole.
    public struct Delivery: Codable, Sendable {
        /// Payload of all messages, and of the answers to its subscriptions among them.
        public var bytes: Int
        public var answerBytes: Int
        /// Where it stood, and where it stands.
        public var base: Int
        public var tick: Int
        /// Values, entities that came into view, members that came and went.
        public var cells: Int
        public var entered: Int
        public var joined: Int
        public var left: Int
        /// Filters that began anew, since the server did not know who left.
        public var restarted: Int
    }

    /// The newest tick when the first client began to connect.
    public var tick: Int
    /// From then until the last was whole.
    public var milliseconds: Double
    public var deliveries: [Delivery]
}

/// What the clients with moving regions say when they end.
public struct CamerasReport: Codable, Sendable {
    /// Regions that were moved.
    public var moves: Int
    /// Moves for which a newer one was made.
    public var superseded: Int
    /// Entities in all regions at the end.
    public var entities: Int

    public init(moves: Int, superseded: Int, entities: Int) {
        (self.moves, self.superseded, self.entities) = (moves, superseded, entities)
    }
}

/// What the Swift client says when it ends.
public struct ClientReport: Codable, Sendable {
    /// Batches that it applied.
    public var batches: UInt64
    /// Ticks that did not arrive as a batch of their own.
    public var missedTicks: UInt64
    /// Batches that did not begin where the one before had ended.
    public var disorderedBatches: UInt64
    /// Batches that did not hold the expected number of changes, each entity once.
    public var wrongBatches: UInt64
    /// Milliseconds from the beginning of a tick until its batch was applied.
    public var doneP50: Double
    public var doneP99: Double

    public init(
        batches: UInt64, missedTicks: UInt64, disorderedBatches: UInt64, wrongBatches: UInt64, doneP50: Double,
        doneP99: Double
    ) {
        self.batches = batches
        self.missedTicks = missedTicks
        self.disorderedBatches = disorderedBatches
        self.wrongBatches = wrongBatches
        self.doneP50 = doneP50
        self.doneP99 = doneP99
    }
}
