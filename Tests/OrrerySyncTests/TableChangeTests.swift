import OrreryClient
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Testing

/// Components come and go while clients look on, and while they are away.
@Suite struct TableChangeTests {
    private let entity = Entity(index: 3, generation: 2)
    private let bare = Entity(index: 8, generation: 1)
    private let position = ComponentTable.Entry(HandMadeServer.position, HandMadeServer.positionSchema)
    private let label = ComponentTable.Entry(ColumnID(1), HandMadeServer.labelSchema)
    private let heat = ComponentTable.Entry(
        ColumnID(5), HandMadeServer.heatSchema, isWritable: true, defaultValue: HandMadeServer.floats(20))

    private func cause(_ change: Change) -> String {
        "\(change.cause) \(change.component ?? "itself") \(change.entity)"
    }

    /// A world of `entity` with both components, and of `bare` with a Label alone.
    private func makeServer(
        _ entries: [ComponentTable.Entry]? = nil, subscribing components: [[String]?] = [nil]
    ) throws -> HandMadeServer {
        let server = try HandMadeServer(entries ?? [position, label])
        for components in components { server.grant(components) }
        server.tick { store in
            store.spawn(entity)
            store.spawn(bare)
            store[position.column].set(3, to: HandMadeServer.floats(1, 2), at: store.tick)
            store[label.column].set(3, to: HandMadeServer.text("a"), at: store.tick)
            store[label.column].set(8, to: HandMadeServer.text("b"), at: store.tick)
        }
        server.send { sections, store in
            sections.append(started: components.indices.map { SubscriptionID(UInt32($0) + 1) })
            sections.append(entered: store.entities.rows, spawned: false, of: store)
            for column in store.table.columns {
                sections.append(store[column].rows, inserted: true, of: column, in: store)
            }
        }
        _ = server.client.takeBatches()
        return server
    }

    /// Label goes, Heat comes, with a value.
    private func changeTable(_ server: HandMadeServer) {
        server.tick { store in
            store.install(ComponentTable([position, heat]))
            store[heat.column].set(3, to: HandMadeServer.floats(21.5), at: store.tick)
        }
        server.send { sections, store in
            sections.append(removed: [label.column], added: [heat])
            sections.append(entered: RowSet([3]), spawned: false, of: store)
            sections.append(store[heat.column].rows, inserted: true, of: heat.column, in: store)
        }
    }

    @Test func whatIsTakenAwayLeavesAndWhatIsNewEnters() throws {
        let server = try makeServer()
        changeTable(server)
        #expect(server.raw.end == nil)
        let batches = server.client.takeBatches()
        #expect(batches.map(\.tick) == [Tick(2)])
        #expect(
            batches.flatMap(\.changes).map(cause) == ["left Label 3v2", "left Label 8v1", "entered Heat 3v2"])
        let left = try #require(batches.first?.changes.first)
        #expect(left.old.map(Array.init) == HandMadeServer.text("a") && left.new == nil)
        #expect(left.schema == HandMadeServer.labelSchema, "it can be read to the last")
        // An entity without components stays, since its existence is asked for.
        #expect(
            server.client.contents.entities == [
                entity: ["Position": HandMadeServer.floats(1, 2), "Heat": HandMadeServer.floats(21.5)], bare: [:],
            ])
        #expect(server.client.session.withCore(\.table) == server.store.table)
    }

    @Test func whatNobodyElseAsksForIsForgotten() throws {
        let server = try makeServer(subscribing: [["Label"], ["Position"]])
        changeTable(server)
        #expect(
            server.client.takeBatches().flatMap(\.changes).map(cause) == [
                "left Label 3v2", "left Label 8v1", "left itself 8v1", "set Heat 3v2",
            ])
        #expect(server.client.contents.entities.keys.sorted() == [entity])
    }

    @Test func aSubscriptionToAllCoversTheNewOneAndItsEndTakesItAlong() throws {
        let server = try makeServer(subscribing: [nil, ["Position"]])
        changeTable(server)
        _ = server.client.takeBatches()
        server.client.unsubscribe(SubscriptionID(1))
        server.raw.deliver()
        server.raw.send(ServerMessage.unsubscribeResponse(SubscriptionID(1), nil).encoded())
        #expect(server.client.takeBatches().flatMap(\.changes).map(cause) == ["left Heat 3v2", "left itself 8v1"])
        #expect(server.client.contents.entities == [entity: ["Position": HandMadeServer.floats(1, 2)]])
    }

    @Test(.timeLimit(.minutes(1))) func aViewIsOfWhatTheTableHasNow() async throws {
        let server = try makeServer(subscribing: [["Position"]])
        func code(_ name: String) async -> ClientError.Code? {
            do throws(ClientError) {
                _ = try await server.client.connection.subscribe(anyOf: [name])
                return nil
            } catch {
                return error.code
            }
        }
        #expect(await code("Heat") == .component, "there is none yet")
        changeTable(server)
        #expect(await code("Label") == .component, "there is none any more")
        _ = server.raw.takeReceived()
        let id = try #require(server.client.subscribe(["Heat"]))
        server.raw.deliver()
        #expect(server.raw.takeReceived() == [ClientMessage.subscribe(id, QueryRequest("Heat")).encoded()])
    }

    @Test func numbersMayHaveGapsAndAreNotPositions() throws {
        let far = ComponentTable.Entry(ColumnID(1023), HandMadeServer.heatSchema)
        let server = try makeServer([
            position, label, ComponentTable.Entry(ColumnID(7), try ComponentSchema(name: "Tag", type: .structure([]))),
        ])
        server.tick { store in
            store.install(ComponentTable([position, label, far]))
            store[far.column].set(8, to: HandMadeServer.floats(1), at: store.tick)
            store[label.column].set(3, to: HandMadeServer.text("new"), at: store.tick)
        }
        server.send { sections, store in
            sections.append(removed: [ColumnID(7)], added: [far])
            sections.append(store[far.column].rows, inserted: true, of: far.column, in: store)
            sections.append(RowSet([3]), inserted: false, of: label.column, in: store)
        }
        #expect(server.raw.end == nil)
        #expect(server.client.value("Heat", of: bare) == HandMadeServer.floats(1))
        #expect(server.client.value("Label", of: entity) == HandMadeServer.text("new"))
        #expect(server.client.session.withCore { $0.table.columns } == [0, 1, 1023].map(ColumnID.init))
    }

    @Test func theTableOfWelcomeTakesThePlaceOfTheOneBefore() throws {
        let server = try makeServer()
        server.store.install(ComponentTable([position, heat]))
        server.reconnect()
        server.welcome(.resumed, schemas: [EncodedSchema(HandMadeServer.heatSchema)])
        // At once: no batch is needed to say it.
        #expect(server.client.takeBatches().flatMap(\.changes).map(cause) == ["left Label 3v2", "left Label 8v1"])
        #expect(server.client.value("Position", of: entity) == HandMadeServer.floats(1, 2))
        server.tick { store in store[heat.column].set(3, to: HandMadeServer.floats(3), at: store.tick) }
        server.send { sections, store in
            sections.append(started: [SubscriptionID(1)])
            sections.append(store[heat.column].rows, inserted: true, of: heat.column, in: store)
        }
        #expect(server.client.takeBatches().flatMap(\.changes).map(cause) == ["entered Heat 3v2"])
        #expect(server.client.session.withCore(\.table) == server.store.table)
        #expect(server.raw.end == nil)
    }

    @Test func aSchemaThatTheServerWasToldOfIsNotNeededAgain() throws {
        let server = try makeServer([position, label, heat])
        // The client says that it knows all three; the world has two meanwhile, and then three again.
        server.store.install(ComponentTable([position, label]))
        server.reconnect()
        server.welcome(.resumed)
        server.tick { store in
            store.install(ComponentTable([position, label, heat]))
            store[heat.column].set(3, to: HandMadeServer.floats(3), at: store.tick)
        }
        var table = BatchSections(partSizeMax: 1 << 20)
        table.append(
            removed: [],
            added: [
                .init(
                    heat.column, name: heat.name, schemaHash: heat.schemaHash, valueSize: heat.valueSize)
            ])
        var values = BatchSections(partSizeMax: 1 << 20)
        values.append(server.store[heat.column].rows, inserted: true, of: heat.column, in: server.store)
        server.send(table.sections + values.sections)
        #expect(server.client.session.withCore { $0.table["Heat"]?.schema } == HandMadeServer.heatSchema)
        #expect(server.client.readValues() == 0)
    }

    @Test func schemasThatNobodyNamesAreNotKept() throws {
        let server = try makeServer()
        let before = try #require(schemaCount(server))
        for number in 0..<100 {
            server.tick { _ in }
            server.send([HandMadeServer.section(11, [1, UInt8(number), 0, 5])])
        }
        #expect(schemaCount(server) == before)
        // Nor are those of components that went.
        changeTable(server)
        #expect(schemaCount(server) == before)
        #expect(server.raw.end == nil)
    }

    private func schemaCount(_ server: HandMadeServer) -> Int? {
        server.client.occupancies.first { $0.name.hasPrefix("schemas") }?.count
    }

    @Test(arguments: 0..<3)
    func aNumberThatMeansAnotherComponentEndsTheConnection(which: Int) throws {
        let server = try makeServer()
        let others: [ComponentTable.Entry] = [
            .init(label.column, try ComponentSchema(name: "Other", type: .string)),
            .init(label.column, name: "Label", schemaHash: SchemaHash(5), valueSize: nil),
            .init(label.column, name: "Label", schemaHash: label.schemaHash, valueSize: 8),
        ]
        server.store.install(ComponentTable([position, others[which]]))
        server.reconnect()
        server.welcome(.resumed)
        #expect(server.raw.end?.code == 1002)
        #expect(server.client.end?.code == .protocolViolation)
        #expect(server.client.end?.message.contains("component 1 was 'Label'") == true)
    }

    @Test func inAnotherLifeANumberMayMeanAnotherComponent() throws {
        let server = try makeServer([position, label])
        let store = server.client.session.withCore { $0.store }
        let shown = server.client.contents
        server.reconnect()
        server.store.reset(
            ComponentTable([
                .init(position.column, HandMadeServer.labelSchema), .init(ColumnID(9), HandMadeServer.positionSchema),
            ]))
        server.welcome(
            epoch: Epoch(10), .otherEpoch,
            schemas: [EncodedSchema(HandMadeServer.labelSchema), EncodedSchema(HandMadeServer.positionSchema)])
        #expect(server.client.contents == shown, "until the new state is here")
        server.raw.send(ServerMessage.subscribeResponse(SubscriptionID(1), .granted(.everything)).encoded())
        server.tick { store in
            store.spawn(bare)
            store[position.column].set(8, to: HandMadeServer.text("new"), at: store.tick)
        }
        var sections = BatchSections(partSizeMax: 1 << 20)
        sections.append(started: [SubscriptionID(1)])
        sections.append(entered: RowSet([8]), spawned: false, of: server.store)
        sections.append(RowSet([8]), inserted: true, of: position.column, in: server.store)
        for message in sections.messages(tick: Tick(1), base: .zero) { server.raw.send(message) }
        #expect(server.client.contents.entities == [bare: ["Label": HandMadeServer.text("new")]])
        #expect(server.client.session.withCore { $0.store } === store, "the store object stays the same")
        #expect(server.client.takeErrors().map(\.code) == [.connectionLost])
    }
}
