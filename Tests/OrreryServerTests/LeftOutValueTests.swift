import Logging
import MetricsTestKit
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Synchronization
import Testing

/// A value that cannot be sent is taken away from clients: to go on showing the one before would be a lie.
@Suite struct LeftOutValueTests {
    /// Cannot be written where its text says so.
    struct Note: Component, Codable, Equatable {
        struct Unwritable: Error {}

        var text = ""

        private enum CodingKeys: String, CodingKey { case text }

        init(text: String = "") { self.text = text }
        init() { self.init(text: "") }

        func encode(to encoder: any Encoder) throws {
            if text == "unwritable" { throw Unwritable() }
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(text, forKey: .text)
        }
    }

    private let metrics = TestMetrics()
    private let log = ErrorLines()

    private func makeJoined(_ configure: (inout SimulationConfiguration) -> Void = { _ in }) throws -> JoinedWorld {
        var configuration = SimulationConfiguration()
        configuration.metrics = metrics
        configuration.sync.limits.valueSizeMax = 20_000
        configure(&configuration)
        let log = log
        return try JoinedWorld(configuration: configuration, logger: Logger(label: "left out") { _ in log }) { sync in
            try sync.register(Note.self, writable: .byClients)
            try sync.register(Health.self)
        }
    }

    private func leftOutCount() throws -> Int64 {
        try metrics.expectCounter("orrery_values_left_out_total").totalValue
    }

    private static let tooLong = String(repeating: "x", count: 20_000)

    @Test(arguments: ["unwritable", tooLong])
    func clientsSeeItRemovedAndSetAgainWhenItFits(text: String) throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Note(text: "a"), Health())
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        func happens(_ text: String) throws -> [Change] {
            _ = client.takeBatches()
            try joined.world.set(Note(text: text), on: entity)
            joined.tick()
            return client.takeBatches().flatMap(\.changes)
        }
        let gone = try happens(text)
        #expect(gone.map(\.cause) == [.removed] && gone.map(\.component) == ["Note"])
        #expect(gone.first?.old.map(Array.init) == [1, 0x61])
        #expect(client.contents.entities[entity]?.keys.sorted() == ["Health"])
        #expect(try leftOutCount() == 1)
        #expect(log.take() == ["a value cannot be sent; clients see its component removed: Note of \(entity)"])
        // Another one like it is nothing new for clients.
        #expect(try happens(text + (text == "unwritable" ? "" : "y")).isEmpty)
        #expect(try leftOutCount() == 2)
        let back = try happens("b")
        #expect(back.map(\.cause) == [.set] && back.first?.old == nil)
        #expect(back.first?.new.map(Array.init) == [1, 0x62])
        #expect(client.contents == joined.contents)
        #expect(try leftOutCount() == 2)
        #expect(client.end == nil)
    }

    @Test func aClientThatComesLaterIsNotShownWhatWasThereBefore() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Note(text: "a"), Health())
        joined.tick()
        try joined.world.set(Note(text: Self.tooLong), on: entity)
        joined.tick()
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        #expect(client.contents.entities[entity]?.keys.sorted() == ["Health"])
        // Born with such a value it was never there.
        let born = joined.world.spawn(Note(text: "unwritable"))
        joined.tick()
        #expect(client.contents.entities[born] == [:])
        #expect(try leftOutCount() == 2)
    }

    @Test func theLongestThatMayBeIsShown() throws {
        let joined = try makeJoined()
        // Its length takes three bytes.
        let entity = joined.world.spawn(Note(text: String(repeating: "x", count: 19_997)))
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        #expect(client.contents.entities[entity]?["Note"]?.count == 20_000)
        #expect(try leftOutCount() == 0)
        #expect(log.take() == [])
    }

    @Test func itIsLoggedAtABoundedRate() throws {
        let joined = try makeJoined { $0.refusalLogRateMax = 5 }
        let entities = (0..<50).map { _ in joined.world.spawn(Note(text: "unwritable")) }
        joined.tick()
        #expect(log.take().count == 5)
        #expect(try leftOutCount() == 50)
        for entity in entities { try joined.world.set(Note(text: Self.tooLong), on: entity) }
        joined.tick()
        #expect(log.take().count <= 1)
        #expect(try leftOutCount() == 100)
        joined.passTime(.seconds(1))
        joined.passTime(.seconds(1))
        #expect(log.leftOut >= 94, "how many were not logged is told")
    }

    /// A mutation may make such a value as well: it takes effect, and is not shown.
    @Test func aMutationMayMakeOne() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Note(text: "a"))
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        let text = Array("unwritable".utf8)
        client.mutate(.set(entity, .init(ColumnID(0), [UInt8(text.count)] + text), expected: nil)) { _ in }
        joined.tick()
        #expect(joined.world[entity, Note.self] == Note(text: "unwritable"))
        #expect(client.contents.entities[entity] == [:])
        #expect(client.end == nil)
    }
}

/// What was logged as an error, with what it is about; and how much was left out.
private struct ErrorLines: LogHandler {
    private final class Lines: Sendable {
        let state = Mutex<(lines: [String], leftOut: Int)>(([], 0))
    }

    private let lines = Lines()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.notice

    var leftOut: Int { lines.state.withLock { $0.leftOut } }

    func take() -> [String] {
        lines.state.withLock { state in
            defer { state.lines = [] }
            return state.lines
        }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.state.withLock { state in
            if let count = event.metadata?["left-out"].flatMap({ Int("\($0)") }) { state.leftOut += count }
            guard event.level == .error else { return }
            func word(_ key: String) -> String { event.metadata?[key].map { "\($0)" } ?? "?" }
            state.lines.append("\(event.message): \(word("component")) of \(word("entity"))")
        }
    }
}
