import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Testing

@testable import OrreryClient

/// A component whose schema this client cannot read is kept as bytes; all others are what they are.
@Suite struct UnreadableComponentTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Bytes of the schema that the server sends; `nil` if it sends none.
        var schema: [UInt8]?
        /// What the entry names; the hash of the schema unless stated.
        var hash: SchemaHash?
        var valueSize: Int?
        /// A part of what the user is told.
        let problem: String
    }

    private static func schema(_ rest: [UInt8], name: String = "Odd") -> [UInt8] {
        [UInt8(name.utf8.count)] + Array(name.utf8) + [0] + rest
    }

    private static let long: [UInt8] = {
        // 250 fields, each with a documentation of 300 bytes.
        let documentation = HandMadeServer.text(String(repeating: "d", count: 300))
        let fields = (0..<250).flatMap { number -> [UInt8] in
            HandMadeServer.text("f\(number)") + [1, 9, 4] + documentation
        }
        return schema([6, 0xfa, 0x01] + fields)
    }()

    static let cases: [Case] = [
        .init(testDescription: "an unknown type", schema: schema([99, 2, 7]), problem: "99"),
        .init(testDescription: "an unknown scalar", schema: schema([1, 40]), problem: "40"),
        .init(
            testDescription: "too deep", schema: schema([UInt8](repeating: 8, count: 16) + [5]), problem: "16"),
        .init(testDescription: "too long", schema: long, problem: "65536"),
        .init(
            testDescription: "two fields of one name", schema: schema([6, 2, 1, 0x61, 5, 0, 1, 0x61, 5, 0]),
            problem: "a"),
        .init(testDescription: "left over", schema: schema([5, 0]), problem: "left over"),
        .init(testDescription: "cut short", schema: schema([6, 1]), problem: "its schema cannot be read"),
        .init(testDescription: "no bytes at all", schema: [], problem: "its schema cannot be read"),
        .init(testDescription: "of another name", schema: schema([5], name: "Even"), problem: "'Even'"),
        .init(testDescription: "missing", schema: nil, hash: SchemaHash(77), problem: "did not send its schema"),
        .init(testDescription: "another one", schema: schema([5]), hash: SchemaHash(77), problem: "did not send"),
        .init(
            testDescription: "of another size", schema: schema([1, 10]), valueSize: 4,
            problem: "another size than its values"),
        .init(
            testDescription: "of varying size, and it is not", schema: schema([1, 10]), valueSize: nil,
            problem: "another size than its values"),
    ]

    private struct Odd: Component, Codable { var text = "" }

    private let entity = Entity(index: 3, generation: 2)
    private let odd = ColumnID(4)
    private let positionEntry = ComponentTable.Entry(HandMadeServer.position, HandMadeServer.positionSchema)

    private func entry(_ example: Case) -> ComponentTable.Entry {
        .init(
            odd, name: "Odd", schemaHash: example.hash ?? EncodedSchema(example.schema ?? []).hash,
            valueSize: example.valueSize)
    }

    /// Any bytes of the size that the table says.
    private func value(_ example: Case) -> [UInt8] { [1, 2, 3, 0xff] + (example.valueSize == nil ? [9, 9] : []) }

    /// Both components come, and one of them is what it is.
    private func expectOddAsBytes(_ server: HandMadeServer, _ example: Case) async throws {
        #expect(server.raw.end == nil)
        #expect(server.client.value("Odd", of: entity) == value(example))
        #expect(server.client.value("Position", of: entity) == HandMadeServer.floats(1, 2))
        let connection = ClientConnection(url: "test", session: server.client.session)
        #expect(connection.components.map(\.name) == ["Position"])
        let unreadable = connection.unreadableComponents
        #expect(unreadable.map(\.name) == ["Odd"])
        #expect(unreadable.first?.problem.contains(example.problem) == true, "\(unreadable)")
        let error = await #expect(throws: ClientError.self) { try await connection.view(of: Odd.self) }
        #expect(error?.code == .component)
        #expect(error?.message.contains("'Odd' cannot be read: ") == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(example.problem) == true, "\(error?.message ?? "")")
        let unknown = #expect(throws: ClientError.self) { try connection.type(of: "Odd.text") }
        #expect(unknown?.code == .component)
        try connection.withSnapshot { snapshot in
            let position = try snapshot.value(of: "Position", of: entity)
            #expect(position?["y"] == .float(2))
            let odd = try snapshot.value(of: "Odd", of: entity)
            #expect(odd == nil)
            #expect(snapshot.bytes(of: "Odd", of: entity) == value(example))
        }
        #expect(server.client.takeErrors().isEmpty)
    }

    @Test(arguments: cases)
    func itsValuesAreKeptAsBytes(example: Case) async throws {
        let server = try HandMadeServer(
            [positionEntry, entry(example)],
            schemas: [EncodedSchema(HandMadeServer.positionSchema)] + (example.schema.map { [EncodedSchema($0)] } ?? [])
        )
        // By name, as what can be read.
        server.grant(["Odd"])
        server.grant(["Position"])
        server.tick { store in
            store.spawn(entity)
            store[HandMadeServer.position].set(3, to: HandMadeServer.floats(1, 2), at: store.tick)
            store[odd].set(3, to: value(example), at: store.tick)
        }
        server.send { sections, store in
            sections.append(started: [SubscriptionID(1), SubscriptionID(2)])
            sections.append(entered: store.entities.rows, spawned: false, of: store)
            for column in store.table.columns {
                sections.append(store[column].rows, inserted: true, of: column, in: store)
            }
        }
        try await expectOddAsBytes(server, example)
        // Its changes are told, without a schema.
        let change = try #require(server.client.takeBatches().last?.changes.last { $0.component == "Odd" })
        #expect(change.cause == .entered && change.schema == nil && change.new.map(Array.init) == value(example))
    }

    @Test(arguments: cases)
    func soAreThoseOfAComponentThatComesLater(example: Case) async throws {
        let server = try HandMadeServer([positionEntry])
        server.grant()
        server.tick { store in
            store.spawn(entity)
            store[HandMadeServer.position].set(3, to: HandMadeServer.floats(1, 2), at: store.tick)
        }
        server.send { sections, store in
            sections.append(started: [SubscriptionID(1)])
            sections.append(entered: store.entities.rows, spawned: false, of: store)
            sections.append(store[positionEntry.column].rows, inserted: true, of: positionEntry.column, in: store)
        }
        server.tick { store in
            store.install(ComponentTable([positionEntry, entry(example)]))
            store[odd].set(3, to: value(example), at: store.tick)
        }
        var (table, values) = (BatchSections(partSizeMax: 1 << 20), BatchSections(partSizeMax: 1 << 20))
        table.append(removed: [], added: [entry(example)])
        values.append(server.store[odd].rows, inserted: true, of: odd, in: server.store)
        let schema = example.schema.map { [HandMadeServer.section(11, $0)] } ?? []
        server.send(table.sections + schema + values.sections)
        try await expectOddAsBytes(server, example)
    }
}
