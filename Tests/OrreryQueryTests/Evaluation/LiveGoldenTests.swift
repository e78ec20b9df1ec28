import OrreryQuery
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTransport
import OrreryWire
import Testing

@testable import FuzzQueries

/// The golden cases as live queries: a client is told the members while the world comes, changes and goes.
@Suite struct LiveGoldenTests {
    /// A server and a client that has asked for one query.
    private struct Conversation: ~Copyable {
        private var server: SyncServer
        private var client = SyncClient(clientName: "golden")
        private let session = SessionID(1)
        private(set) var refusal: QueryError?
        let id: SubscriptionID

        init(_ store: ComponentStore, _ text: String) throws {
            server = SyncServer(
                store: store, epoch: Epoch(1), configuration: SyncServerConfiguration(), makeRandom: { 1 })
            server.open(session, now: .zero)
            id = try client.subscribe(QueryRequest(text))
            deliver()
        }

        /// Carries messages to and fro until nobody has anything to say.
        mutating func deliver() {
            while true {
                let sent = client.takeOutgoing()
                for message in sent { message.withUnsafeBytes { server.receive($0, from: session, now: .zero) } }
                let actions = server.takeActions()
                guard !sent.isEmpty || !actions.isEmpty else { return }
                for action in actions {
                    switch action {
                    case .broadcast(let frame, _), .send(let frame, _):
                        for event in frame.bytes.withUnsafeBytes({ client.receive($0) }) {
                            if case .refused(_, _, let error) = event { refusal = error }
                        }
                    case .close(_, let error): Issue.record("\(error)")
                    case .setReading: break
                    }
                }
            }
        }

        mutating func worldAdvanced() {
            server.worldAdvanced(now: .zero)
            deliver()
        }

        var members: [Entity] { client.members(of: id) }
        var extent: Extent? { client.extent(of: id) }

        /// The bytes that the client has of each entity, by the names of components.
        func components(of entity: Entity) -> [String: [UInt8]] {
            var result: [String: [UInt8]] = [:]
            for column in client.store.columns(of: entity) {
                result[client.store.table.name(of: column)] = client.store.withValue(of: entity, in: column) {
                    Array($0)
                }
            }
            return result
        }
    }

    /// Cases with an answer that this version gives.
    private static let cases = GoldenCase.all.filter { $0.id != GoldenCaseTests.outdated }

    /// Copies an entity of the golden world into a store; no entity for the resources.
    private func add(_ entity: Entity, of world: GoldenWorld, to store: ComponentStore) {
        if entity != .none { store.spawn(entity) }
        for column in world.store.columns(of: entity) {
            guard let row = store.row(of: entity, in: store[column]) else { continue }
            store[column].set(row, to: world.store[column].value(of: row) ?? [], at: store.tick)
        }
    }

    private func tick(_ store: ComponentStore, _ change: () -> Void) {
        store.advance(to: Tick(store.tick.rawValue + 1))
        change()
    }

    @Test(arguments: cases)
    func aCaseHasItsAnswerWhileTheWorldComesAndGoes(each: GoldenCase) throws {
        let world = try GoldenWorld()
        let entities = world.entities(at: world.store.entities.rows)
        let store = ComponentStore(world.table)
        tick(store) { for entity in entities.prefix(entities.count / 2) { add(entity, of: world, to: store) } }
        var conversation = try Conversation(store, each.text)
        let names: [String]
        var extent: Extent?
        switch each.answer {
        case .error(let kind, let column, let nearest):
            #expect(conversation.refusal?.kind.rawValue == kind)
            #expect(conversation.refusal?.column == column)
            #expect(conversation.refusal?.nearest == nearest)
            return
        case .members(let list, let total, let beginsAtItsEntity):
            names = list
            extent = total.map { Extent(total: $0, beginsAtItsEntity: beginsAtItsEntity) }
        case .resource(let matches): names = matches ? ["-"] : []
        }
        #expect(conversation.refusal == nil)
        // The other half comes, with values of others first: then each is made right.
        let rest = Array(entities.dropFirst(entities.count / 2))
        tick(store) { for entity in rest { store.spawn(entity) } }
        conversation.worldAdvanced()
        tick(store) { for entity in rest + [.none] { add(entity, of: world, to: store) } }
        conversation.worldAdvanced()
        #expect(conversation.members.map(\.description) == names)
        #expect(conversation.extent == extent)
        let query = try Query(each.text, in: store.table)
        for entity in conversation.members {
            let expected = query.sentColumns.filter(store.columns(of: entity).contains).map { store.table.name(of: $0) }
            #expect(conversation.components(of: entity).keys.sorted() == expected.sorted(), "\(entity)")
            for (name, bytes) in conversation.components(of: entity) {
                let expected = store.table[name].flatMap { store.withValue(of: entity, in: $0.column) { Array($0) } }
                #expect(expected == bytes, "\(name)")
            }
        }
        // Everything goes, one component after the other.
        for column in store.table.columns {
            tick(store) { for row in store[column].rows.indexes { store[column].remove(row, at: store.tick) } }
            conversation.worldAdvanced()
            let matching = query.matching(in: store)
            let members = query.members(of: matching, in: store).rows.compactMap {
                query.isResource ? Entity.none : store.entity(at: $0)
            }
            #expect(conversation.members == members, "without \(store.table.name(of: column))")
        }
        tick(store) { for entity in entities { store.despawn(entity) } }
        conversation.worldAdvanced()
        #expect(conversation.members.isEmpty)
    }
}
