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

/// A new component may be named by some of its fields; the others are those of its `init()` at the server.
@Suite struct NewComponentTests {
    enum Mode: UInt8, CaseIterable { case idle, busy }
    struct Course: Equatable { var heading: Float = 90, speed: Float = 5 }
    struct Pilot: Component, Equatable {
        var mode = Mode.busy
        var course = Course()
        var rounds: Int32 = 7
    }

    private static let pilot = ColumnID(0)
    private static let label = ColumnID(1)
    private static let health = ColumnID(2)
    private static let position = ColumnID(3)

    /// Whole values that rules were asked about.
    private final class Asked: Sendable {
        let state = Mutex<[Pilot?]>([])
        var all: [Pilot?] { state.withLock { $0 } }
    }

    private func makeJoined(_ asked: Asked = Asked()) throws -> JoinedWorld {
        try JoinedWorld { sync in
            try sync.register(
                Pilot.self,
                writable: .byClients(judge: { write in
                    asked.state.withLock { $0.append(write.new) }
                    return (write.new?.rounds ?? 0) <= 100 ? .allow : .refuse("too many rounds")
                }))
            try sync.register(Label.self, writable: .byClients)
            try sync.register(Health.self, writable: .byClients)
            try sync.register(Position.self)
            sync.spawning = .byClients
        }
    }

    struct Saga: Component, Codable { var text = String(repeating: "x", count: 300_000), pages: Int32 = 0 }

    @Test func aDefaultThatCannotBeSentIsNoBaseForFields() throws {
        let joined = try JoinedWorld { sync in try sync.register(Saga.self, writable: .byClients) }
        let entity = joined.world.spawn()
        joined.tick()
        let component = Mutation.NewComponent(ColumnID(0), .fields([.init(path: [1], bytes: [1, 0, 0, 0])]))
        let outcomes = try perform([.insert(entity, component)], in: joined)
        guard case .refused(let refusal)? = outcomes.first else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(refusal.code == .undecodable)
        #expect(refusal.reason == "the default value of Saga cannot be sent; give the whole value")
        #expect(!joined.world.has(Saga.self, on: entity))
    }

    private func bytes(_ number: Float) -> [UInt8] { withUnsafeBytes(of: number.bitPattern) { Array($0) } }

    private func perform(_ operations: [Mutation.Operation], in joined: JoinedWorld) throws -> [MutationOutcome] {
        let client = try joined.connect()
        let outcomes = MutationTests.Outcomes()
        for operation in operations { client.mutate(operation, outcomes.take) }
        joined.tick()
        #expect(client.end == nil)
        return outcomes.all
    }

    private func code(_ content: Mutation.NewComponent.Content, of column: ColumnID = pilot) throws -> [RefusalCode?] {
        let joined = try makeJoined()
        let entity = joined.world.spawn()
        joined.tick()
        let before = joined.world.entityCount
        let component = Mutation.NewComponent(column, content)
        let outcomes = try perform([.insert(entity, component), .spawn([component])], in: joined)
        #expect(!joined.world.has(Pilot.self, on: entity), "all or nothing")
        #expect(joined.world.entityCount == before)
        return outcomes.map { outcome in
            if case .refused(let refusal) = outcome { refusal.code } else { nil }
        }
    }

    @Test func missingFieldsAreThoseOfTheServersInit() throws {
        let asked = Asked()
        let joined = try makeJoined(asked)
        let entity = joined.world.spawn()
        joined.tick()
        let outcomes = try perform(
            [
                .insert(entity, .init(Self.pilot, .fields([.init(path: [2], bytes: [9, 0, 0, 0])]))),
                .insert(entity, .init(Self.health, .fields([.init(path: [0], bytes: [5, 0, 0, 0])]))),
                .insert(entity, .init(Self.label, .fields([.init(path: [0], bytes: [2, 0x68, 0x69])]))),
                .spawn([
                    .init(
                        Self.pilot,
                        .fields([.init(path: [1, 1], bytes: bytes(8)), .init(path: [0], bytes: [0])])),
                    .init(Self.health, [1, 0, 0, 0, 2, 0, 0, 0]),
                    .init(Self.label, .fields([])),
                ]),
            ], in: joined)
        #expect(joined.world[entity, Pilot.self] == Pilot(mode: .busy, course: Course(), rounds: 9))
        #expect(joined.world[entity, Health.self] == Health(current: 5, maximum: 100))
        #expect(joined.world[entity, Label.self] == Label(text: "hi"))
        #expect(outcomes.count == 4)
        guard case .applied(_, let made)? = outcomes.last, let spawned = made.first else {
            Issue.record("the spawn was not applied: \(outcomes)")
            return
        }
        #expect(
            joined.world[spawned, Pilot.self] == Pilot(mode: .idle, course: Course(heading: 90, speed: 8), rounds: 7))
        #expect(joined.world[spawned, Health.self] == Health(current: 1, maximum: 2))
        #expect(joined.world[spawned, Label.self] == Label(), "no field at all is the default value")
        // Rules see the whole value.
        #expect(asked.all == [joined.world[entity, Pilot.self], joined.world[spawned, Pilot.self]])
    }

    @Test func theFieldsOfTheOldValueDoNotCount() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Health(current: 1, maximum: 1))
        joined.tick()
        _ = try perform(
            [.insert(entity, .init(Self.health, .fields([.init(path: [0], bytes: [50, 0, 0, 0])])))], in: joined)
        #expect(joined.world[entity, Health.self] == Health(current: 50, maximum: 100))
    }

    @Test func aLaterFieldIsWrittenOverAnEarlierOne() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn()
        joined.tick()
        _ = try perform(
            [
                .insert(
                    entity,
                    .init(
                        Self.pilot,
                        .fields([
                            .init(path: [1, 0], bytes: bytes(1)), .init(path: [1], bytes: bytes(2) + bytes(3)),
                            .init(path: [1, 1], bytes: bytes(4)),
                        ])))
            ], in: joined)
        #expect(joined.world[entity, Pilot.self]?.course == Course(heading: 2, speed: 4))
    }

    @Test(arguments: [[3], [1, 2], [0, 0], [2, 0], [], [300]] as [[Int]])
    func thereIsNoSuchField(path: [Int]) throws {
        guard path != [300] else {
            // Beyond what any structure may have: the bytes themselves are refused.
            let message = ClientMessage.mutate(
                Mutation(
                    sequence: MutationSequence(1), epoch: Epoch(1),
                    operation: .spawn([.init(Self.pilot, .fields([.init(path: path, bytes: [])]))])))
            #expect(throws: WireError.self) {
                try message.encoded().withUnsafeBytes { try ClientMessage(decoding: $0, limits: WireLimits()) }
            }
            return
        }
        let good = Mutation.FieldValue(path: [2], bytes: [9, 0, 0, 0])
        #expect(
            try code(.fields([good, .init(path: path, bytes: [9, 0, 0, 0])])) == [.undecodable, .undecodable])
    }

    @Test func theBytesAreNoValueOfTheField() throws {
        for (field, expected): (Mutation.FieldValue, RefusalCode) in [
            (.init(path: [2], bytes: [9, 0, 0]), .undecodable),
            (.init(path: [2], bytes: [9, 0, 0, 0, 0]), .undecodable),
            (.init(path: [2], bytes: []), .undecodable), (.init(path: [0], bytes: [2]), .outOfDomain),
            (.init(path: [1], bytes: bytes(1)), .undecodable),
        ] {
            #expect(try code(.fields([field])) == [expected, expected], "\(field)")
        }
        let text = Mutation.FieldValue(path: [0], bytes: [1, 0xff])
        #expect(try code(.fields([text]), of: Self.label) == [.outOfDomain, .outOfDomain])
    }

    @Test func rulesAndReadOnlyComponentsHoldAsForAWholeValue() throws {
        let many = Mutation.FieldValue(path: [2], bytes: [101, 0, 0, 0])
        #expect(try code(.fields([many])) == [.forbidden, .forbidden])
        #expect(try code(.fields([]), of: Self.position) == [.notWritable, .notWritable])
        #expect(try code(.fields([]), of: ColumnID(77)) == [.unknownComponent, .unknownComponent])
    }

    /// Clients are told what a form begins with.
    @Test func theDefaultValueStandsInTheTable() throws {
        let joined = try makeJoined()
        joined.tick()
        let table = try joined.connect().session.withCore(\.table)
        var writer = ByteWriter()
        try ComponentCoder<Pilot>().encode(Pilot(), into: &writer)
        #expect(table["Pilot"]?.defaultValue == writer.bytes)
        #expect(table["Health"]?.defaultValue == [100, 0, 0, 0, 100, 0, 0, 0])
        #expect(table["Label"]?.defaultValue == [0, 0])
        #expect(table.entries.filter { !$0.isStatus }.map(\.isWritable) == [true, true, true, false])
    }
}
