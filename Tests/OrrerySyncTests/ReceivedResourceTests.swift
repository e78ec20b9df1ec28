import OrreryQuery
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Testing

@Suite("A client takes a resource as row 0 of its column, and nothing else")
struct ReceivedResourceTests {
    private let server: HandMadeServer
    private static let heat = ColumnID(1)
    private static let entity = Entity(index: 0, generation: 1)

    init() throws {
        server = try HandMadeServer([
            .init(HandMadeServer.position, HandMadeServer.positionSchema),
            .init(Self.heat, HandMadeServer.heatSchema, isResource: true),
        ])
    }

    /// Subscribes to the resource, and grants it as a query of this.
    private func grant(_ column: ColumnID = heat, tellsMembers: Bool = false) throws -> (SubscriptionID, QueryNumber) {
        let id = try #require(server.client.query("resource Heat"))
        server.raw.deliver()
        let query = GrantedQuery(QueryNumber(7), shown: .resource(column), tellsMembers: tellsMembers)
        server.raw.send(ServerMessage.subscribeResponse(id, .granted(query)).encoded())
        return (id, query.number)
    }

    /// Sends the first state, with this value.
    private func start(_ id: SubscriptionID, _ query: QueryNumber?, _ degrees: Float) {
        server.tick { $0[Self.heat].set(0, to: HandMadeServer.floats(degrees), at: $0.tick) }
        server.send { sections, store in
            sections.append(started: [id])
            if let query { sections.append(joined: [0], of: query) }
            sections.append(RowSet([0]), inserted: true, of: Self.heat, in: store)
        }
    }

    private var value: [UInt8]? { server.client.value("Heat", of: .none) }

    @Test func itNeedsNoEntity() throws {
        start(try grant().0, nil, 20)
        #expect(value == HandMadeServer.floats(20))
        #expect(server.client.contents.entities.keys.sorted() == [.none])
        server.tick { _ in }
        // It removes what is not there too.
        for _ in 0..<2 { server.send { sections, _ in sections.append(removed: RowSet([0]), from: Self.heat) } }
        #expect(value == nil && server.raw.end == nil)
    }

    @Test func anUpdateOfWhatIsNotThereIsRefused() throws {
        _ = try grant()
        server.tick { $0[Self.heat].set(0, to: HandMadeServer.floats(1), at: $0.tick) }
        server.send { sections, store in sections.append(RowSet([0]), inserted: false, of: Self.heat, in: store) }
        #expect(server.raw.end?.code == 1007)
    }

    @Test(arguments: [[1, 0, 1, 1, 0, 0, 0, 0], [1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]] as [[UInt8]])
    func otherRowsAreRefused(content: [UInt8]) throws {
        let (id, _) = try grant()
        server.tick { _ in }
        server.send { sections, _ in sections.append(started: [id]) }
        server.tick { _ in }
        server.send([HandMadeServer.section(7, content)])
        #expect(server.raw.end?.code == 1007)
    }

    @Test func otherRowsDoNotJoinItsQuery() throws {
        let (id, query) = try grant(tellsMembers: true)
        server.tick { $0.spawn(Entity(index: 1, generation: 1)) }
        server.send { sections, store in
            sections.append(started: [id])
            sections.append(entered: RowSet([1]), spawned: false, of: store)
            sections.append(joined: [1], of: query)
        }
        #expect(server.raw.end?.code == 1007)
    }

    @Test func membersThatAreToldDecideWhetherItIsShown() throws {
        let (id, query) = try grant(tellsMembers: true)
        start(id, query, 20)
        #expect(value == HandMadeServer.floats(20))
        // An entity that comes and goes at its row is somebody else.
        server.tick { $0.spawn(Self.entity) }
        server.send { sections, store in
            sections.append(entered: RowSet([0]), spawned: true, of: store)
        }
        server.tick { $0.despawn(Self.entity) }
        server.send { sections, _ in sections.append(despawned: RowSet([0])) }
        #expect(value == HandMadeServer.floats(20))
        server.tick { _ in }
        server.send { sections, _ in sections.append(left: [0], of: query) }
        #expect(value == nil)
        server.tick { _ in }
        server.send { sections, store in
            sections.append(joined: [0], of: query)
            sections.append(RowSet([0]), inserted: true, of: Self.heat, in: store)
        }
        #expect(value == HandMadeServer.floats(20))
        server.tick { _ in }
        server.send { sections, _ in sections.append(restarted: query) }
        #expect(value == nil && server.raw.end == nil)
    }

    @Test func itGoesWithItsEntryOfTheTable() throws {
        let (id, query) = try grant(tellsMembers: true)
        start(id, query, 20)
        server.tick { _ in }
        server.send { sections, _ in sections.append(removed: [Self.heat], added: []) }
        #expect(server.client.contents.entities.isEmpty && server.raw.end == nil)
        server.tick { _ in }
        server.send { sections, _ in sections.append(left: [0], of: query) }
        #expect(server.raw.end == nil)
    }

    @Test func aComponentThatIsGrantedAsAResourceShowsNothing() throws {
        let (id, query) = try grant(HandMadeServer.position, tellsMembers: true)
        server.tick { store in
            store.spawn(Self.entity)
            store[HandMadeServer.position].set(0, to: HandMadeServer.floats(1, 2), at: store.tick)
        }
        server.send { sections, store in
            sections.append(started: [id])
            sections.append(joined: [0], of: query)
        }
        server.tick { $0.despawn(Self.entity) }
        server.send { sections, _ in sections.append(despawned: RowSet([0])) }
        server.client.unsubscribe(id)
        server.raw.deliver()
        #expect(server.client.contents.entities.isEmpty && server.raw.end == nil)
    }
}
