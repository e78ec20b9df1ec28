import OrreryClient
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire

/// A server whose table and batches a test makes by hand, and the real client.
final class HandMadeServer {
    let raw: RawServer
    /// What the server has.
    let store: ComponentStore
    private var lastTick = Tick.zero

    var client: JoinedClient { raw.client }

    static let epoch = Epoch(9)
    static let position = ColumnID(0)

    static let positionSchema = try! ComponentSchema(
        name: "Position", type: .structure([Field("x", .scalar(.float)), Field("y", .scalar(.float))]))
    static let heatSchema = try! ComponentSchema(
        name: "Heat", type: .structure([Field("degrees", .scalar(.float), unit: "K")]))
    static let labelSchema = try! ComponentSchema(name: "Label", type: .structure([Field("text", .string)]))

    /// A client that was welcomed, with that table. (It has subscribed to nothing.)
    /// - Parameter schemas: those that Welcome brings; those of the entries unless stated.
    init(
        _ entries: [ComponentTable.Entry], schemas: [EncodedSchema]? = nil,
        configure: (inout ClientConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = ClientConfiguration()
        configure(&configuration)
        raw = try RawServer(configuration: configuration)
        store = ComponentStore(ComponentTable(entries))
        welcome(schemas: schemas ?? entries.compactMap { $0.schema.map(EncodedSchema.init) })
    }

    /// Says Welcome, with the table of the store.
    func welcome(
        epoch: Epoch = HandMadeServer.epoch, _ resumption: SessionGrant.Resumption = .fresh,
        schemas: [EncodedSchema] = []
    ) {
        raw.send(
            ServerMessage.welcome(
                Welcome(
                    revision: Revision(epoch: epoch, tick: store.tick), ticksPer1000Seconds: 60_000,
                    components: store.table.entries, schemas: schemas,
                    session: SessionGrant(token: [1], resumption: resumption, isKnownClient: resumption == .resumed))
            ).encoded())
    }

    /// Subscribes, and grants it.
    @discardableResult
    func grant(_ components: [String]? = nil, of entities: [Entity]? = nil) -> SubscriptionID? {
        guard let id = client.subscribe(components, of: entities) else { return nil }
        raw.deliver()
        let columns = components.map { $0.compactMap { store.table[$0]?.column }.sorted() }
        raw.send(
            ServerMessage.subscribeResponse(
                id,
                .granted(
                    GrantedQuery(
                        QueryNumber(UInt64(id.rawValue)), shown: columns.map { .listed($0) } ?? .all,
                        tellsMembers: entities != nil))
            ).encoded())
        return id
    }

    /// Changes what the server has, in a new tick.
    func tick(_ change: (ComponentStore) -> Void) {
        store.advance(to: Tick(store.tick.rawValue + 1))
        change(store)
    }

    /// Sends a whole batch from the last one to the store's tick.
    func send(_ fill: (inout BatchSections, ComponentStore) -> Void) {
        var sections = BatchSections(partSizeMax: 1 << 20)
        fill(&sections, store)
        for message in sections.messages(tick: store.tick, base: lastTick) { raw.send(message) }
        lastTick = store.tick
    }

    /// Sends a whole batch of sections that were made by hand.
    func send(_ sections: [[UInt8]]) {
        var writer = ByteWriter()
        writer.append(contentsOf: [0x84, 0])
        writer.append(varint: store.tick.rawValue)
        writer.append(varint: store.tick.ticks(since: lastTick))
        writer.append(contentsOf: [1, 0])
        raw.send(writer.bytes + sections.flatMap { $0 })
        lastTick = store.tick
    }

    /// A section of a batch that was made by hand.
    static func section(_ kind: UInt8, _ content: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(kind)
        writer.append(varint: content.count)
        return writer.bytes + content
    }

    /// The connection is lost, and the client comes back; Welcome is for the caller.
    func reconnect() {
        raw.cut()
        raw.passTime(.seconds(60))
        lastTick = client.tick
    }

    static func floats(_ numbers: Float...) -> [UInt8] {
        numbers.flatMap { number in withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) } }
    }

    static func text(_ text: String) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(string: text)
        return writer.bytes
    }
}

extension JoinedClient {
    /// The bytes of a component that it shows.
    func value(_ component: String, of entity: Entity) -> [UInt8]? { contents.entities[entity]?[component] }
}
