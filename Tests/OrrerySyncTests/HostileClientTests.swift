import Logging
import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Synchronization
import Testing
import simulate

/// Errors in the order in which they came.
final class Errors: Sendable {
    private let state = Mutex<[ClientError]>([])
    var all: [ClientError] { state.withLock { $0 } }
    func append(_ error: ClientError) { state.withLock { $0.append(error) } }
}

/// A client that wants to fill a server's memory, its time or its disk finds a limit.
@Suite struct HostileClientTests {
    private static let hello = ClientMessage.hello(Hello(clientName: "h")).encoded()

    private func makeJoined(
        logger: Logger = Logger(label: "h") { _ in SwiftLogNoOpLogHandler() },
        _ configure: (inout SimulationConfiguration) -> Void
    ) throws -> JoinedWorld {
        var configuration = SimulationConfiguration(tickRate: .hertz(100))
        configure(&configuration)
        return try JoinedWorld(configuration: configuration, logger: logger) { sync in
            try sync.register(Position.self)
            try sync.register(Label.self, writable: .byClients)
        }
    }

    private func mutation(_ sequence: UInt64, _ operation: Mutation.Operation, of joined: JoinedWorld) -> [UInt8] {
        ClientMessage.mutate(
            Mutation(sequence: MutationSequence(sequence), epoch: joined.revision.epoch, operation: operation)
        ).encoded()
    }

    /// Who asks for very many different queries is told so; others still get theirs, and what somebody has anyway.
    @Test func differentQueriesAreBounded() throws {
        var configuration = SimulationConfiguration()
        configuration.sync.memberQueryCountMax = 10
        let joined = try JoinedWorld(configuration: configuration) { try $0.register(Position.self) }
        joined.world.spawn(Position(x: 1))
        joined.tick()
        let (greedy, other) = (try joined.connect(), try joined.connect())
        for number in 0..<20 { greedy.query("Position where Position.x > \(number)") }
        joined.tick()
        func started(_ client: JoinedClient) -> Int { client.session.withCore(\.startedSubscriptions).count }
        #expect(started(greedy) == 10)
        for number in 100..<110 { other.query("Position where Position.x > \(number)") }
        joined.tick()
        #expect(started(other) == 4, "as many as everybody may have")
        other.query("Position where Position.x > 3")
        other.query("Position")
        joined.tick()
        #expect(started(other) == 6, "they cost nothing more")
        #expect(greedy.end == nil && other.end == nil)
    }

    @Test func requestsHaveARate() throws {
        let joined = try makeJoined { $0.sync.requestRateMax = 10 }
        let client = try joined.connectRaw()
        client.send(Self.hello)
        for number in 1...5 as ClosedRange<UInt32> {
            client.send(ClientMessage.subscribe(SubscriptionID(number), .everything).encoded())
            client.send(ClientMessage.unsubscribe(SubscriptionID(number)).encoded())
        }
        for _ in 0..<3 { client.send(ClientMessage.unsubscribe(SubscriptionID(9)).encoded()) }
        func answerCount() -> Int {
            joined.deliver()
            return client.takeReceived().count { $0.first == 0x82 || $0.first == 0x83 }
        }
        // The last of the rate and the one with which it is exceeded are answered; the others wait unread.
        #expect((10...11).contains(answerCount()))
        #expect(answerCount() == 0)
        var later: [Int] = []
        for _ in 0..<10 {
            joined.passTime(.milliseconds(100))
            later.append(answerCount())
        }
        #expect(later.reduce(0, +) >= 2)
        #expect(later.allSatisfy { $0 <= 1 })
        #expect(client.end == nil)
    }

    @Test func answersThatAClientDoesNotComeToAreBounded() throws {
        let joined = try makeJoined {
            $0.sync.windowTickCount = 2
            $0.sync.pendingMutationMax = 8
        }
        let entity = joined.world.spawn(Position(), Label())
        let client = try joined.connectRaw()
        client.send(Self.hello)
        client.send(ClientMessage.subscribe(SubscriptionID(1), .everything).encoded())
        joined.tick()
        // It acknowledges nothing, so it comes to no tick any more and none of its mutations is answered.
        var text = ByteWriter()
        for sequence in 1...40 as ClosedRange<UInt64> {
            text.removeAll()
            text.append(string: "label \(sequence)")
            text.append(varint: 0)
            client.send(mutation(sequence, .set(entity, .init(ColumnID(1), text.bytes), expected: nil), of: joined))
            joined.tick()
        }
        let refused = try client.takeAnswers().map(\.outcome)
        #expect(refused.count > 25)
        for case .refused(let refusal) in refused { #expect(refusal.code == .limitReached) }
        #expect(joined.waitingAnswerCount <= 8)
    }

    @Test func aRefusalIsRememberedWithoutALongValue() throws {
        let joined = try makeJoined { _ in }
        let text = String(repeating: "x", count: 300)
        let entities = [joined.world.spawn(Label(text: "short")), joined.world.spawn(Label(text: text))]
        let client = try joined.connectRaw()
        client.send(Self.hello)
        joined.tick()
        for (entity, isRemembered) in zip(entities, [true, false]) {
            let message = mutation(
                UInt64(entity.index) + 1, .set(entity, .init(ColumnID(1), [0, 0]), expected: [1]), of: joined)
            var values: [[UInt8]?] = []
            for _ in 0..<2 {
                _ = client.takeReceived()
                client.send(message)
                joined.tick()
                joined.deliver()
                for case .refused(let refusal) in try client.takeAnswers().map(\.outcome) {
                    #expect(refusal.code == .compareFailed)
                    values.append(refusal.current)
                }
            }
            #expect(values.count == 2)
            #expect(values.first != .some(nil))
            #expect((values.last != .some(nil)) == isRemembered)
        }
    }

    @Test func refusedInputIsLoggedAtABoundedRate() throws {
        let log = LogLines()
        let joined = try makeJoined(logger: Logger(label: "h") { _ in log }) { $0.refusalLogRateMax = 5 }
        func send(_ count: Int) throws {
            for _ in 0..<count { try joined.connectRaw().send([0xff]) }
            joined.deliver()
        }
        try send(20)
        #expect(log.take() == [String](repeating: "closing a session", count: 5))
        // Not before there is room again.
        joined.passTime(.milliseconds(100))
        #expect(log.take() == [])
        joined.passTime(.milliseconds(100))
        #expect(log.take() == ["more of that kind than is logged, left-out 15"])
        // Told with the next message, where there is one.
        try send(3)
        joined.passTime(.milliseconds(100))
        #expect(log.take() == [])
        joined.passTime(.seconds(10))
        try send(6)
        #expect(
            log.take() == ["more of that kind than is logged, left-out 3"]
                + [String](repeating: "closing a session", count: 4))
        #expect(joined.sessionCount == 0)
    }
}

/// What was logged at `notice` and above, with what was left out.
private struct LogLines: LogHandler {
    private let lines = Lines()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.notice

    private final class Lines: Sendable {
        let state = Mutex<[String]>([])
    }

    func take() -> [String] {
        lines.state.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let leftOut = event.metadata?["left-out"].map { ", left-out \($0)" } ?? ""
        lines.state.withLock { $0.append("\(event.message)\(leftOut)") }
    }
}
