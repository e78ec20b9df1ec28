import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire
import Testing

/// A batch is these bytes, and these bytes are that batch.
@Suite struct GoldenBatchTests {
    private let golden: GoldenFile
    private let schemas: [ComponentSchema]
    private let updated: [UInt32] = Array(8...16) + Array(18...24) + [30]

    init() throws {
        golden = try GoldenFile("Batches")
        schemas = try Golden.schemas
    }

    /// A store that holds what the golden batch of every kind says.
    private func store() -> ComponentStore {
        let store = ComponentStore(schemas: schemas)
        store.advance(to: Tick(1000))
        for (index, generation) in [(7, 1), (1, 2), (2, 0x0102_0304)] as [(UInt32, UInt32)] {
            store.spawn(Entity(index: index, generation: generation))
        }
        let positions = store[Golden.position]
        positions.set(1, to: Golden.position(1, 2), at: store.tick)
        positions.set(7, to: Golden.position(3, 4), at: store.tick)
        for row in updated { positions.set(row, to: Golden.position(Float(row), 0), at: store.tick) }
        store[Golden.label].set(2, to: Golden.label("abc"), at: store.tick)
        store[Golden.label].set(8, to: Golden.label(""), at: store.tick)
        store[Golden.label].set(9, to: Golden.label(String(repeating: "y", count: 129)), at: store.tick)
        for row in [4, 6] as [UInt32] { store[Golden.frozen].set(row, to: [], at: store.tick) }
        return store
    }

    @Test func everyKindOfSection() throws {
        let store = store()
        var sections = BatchSections(partSizeMax: 1 << 16)
        sections.append(restarted: QueryNumber(7))
        sections.append(started: [SubscriptionID(1), SubscriptionID(300)])
        sections.append(despawned: RowSet([0, 5, 5000]))
        sections.append(left: [5], of: QueryNumber(300))
        sections.append(entered: RowSet([7]), spawned: false, of: store)
        sections.append(entered: RowSet([1, 2]), spawned: true, of: store)
        sections.append(joined: [1, 7], of: QueryNumber(7))
        sections.append(removed: RowSet([3]), from: Golden.frozen)
        sections.append(RowSet([1, 7]), inserted: true, of: Golden.position, in: store)
        sections.append(RowSet(updated), inserted: false, of: Golden.position, in: store)
        sections.append(RowSet([2]), inserted: true, of: Golden.label, in: store)
        sections.append(RowSet([8, 9]), inserted: false, of: Golden.label, in: store)
        sections.append(RowSet([4, 6]), inserted: true, of: Golden.frozen, in: store)
        let bytes = try golden["every kind of section"]
        #expect(sections.messages(tick: Tick(1000), base: Tick(998)).map(\.hex) == [bytes.hex])

        let batch = try BatchCopy(bytes, schemas: schemas)
        #expect(batch.head == BatchHead(tick: Tick(1000), base: Tick(998), isWhole: true, part: 0))
        #expect(try ServerMessage(bytes) == .syncBatch(batch.head))
        let long = Golden.label(String(repeating: "y", count: 129))
        #expect(
            batch.sections == [
                .restarted(QueryNumber(7)), .started([SubscriptionID(1), SubscriptionID(300)]),
                .despawn([0, 5, 5000]), .left(QueryNumber(300), [5]),
                .enter([Entity(index: 7, generation: 1)], spawned: false),
                .enter(
                    [Entity(index: 1, generation: 2), Entity(index: 2, generation: 0x0102_0304)], spawned: true),
                .joined(QueryNumber(7), [1, 7]), .remove(Golden.frozen, [3]),
                .values(Golden.position, [1, 7], [Golden.position(1, 2), Golden.position(3, 4)], inserted: true),
                .values(Golden.position, updated, updated.map { Golden.position(Float($0), 0) }, inserted: false),
                .values(Golden.label, [2], [Golden.label("abc")], inserted: true),
                .values(Golden.label, [8, 9], [Golden.label(""), long], inserted: false),
                .values(Golden.frozen, [4, 6], [[], []], inserted: true),
            ])
    }

    @Test func aBatchMayBeAHeadAlone() throws {
        let bytes = try golden["nothing but a head"]
        #expect(BatchSections(partSizeMax: 100).messages(tick: Tick(7), base: Tick(7)).map(\.hex) == [bytes.hex])
        let batch = try BatchCopy(bytes, schemas: schemas)
        #expect(batch.head == BatchHead(tick: Tick(7), base: Tick(7), isWhole: true, part: 0))
        #expect(batch.sections.isEmpty)
    }

    @Test func aPartThatIsNotTheLast() throws {
        let store = ComponentStore(schemas: [])
        let entity = Entity(index: 4_194_303, generation: 1)
        store.spawn(entity)
        var sections = BatchSections(partSizeMax: 100)
        sections.append(entered: RowSet([entity.index]), spawned: false, of: store)
        let bytes = try golden["a part that is not the last"]
        let messages = sections.messages(tick: Tick(300), base: .zero, firstPart: 200, isWhole: false)
        #expect(messages.map(\.hex) == [bytes.hex])
        let batch = try BatchCopy(bytes, schemas: [])
        #expect(batch.head == BatchHead(tick: Tick(300), base: .zero, isWhole: false, part: 200))
        #expect(batch.sections == [.enter([entity], spawned: false)])
    }

    @Test func unknownSectionsArePassedOver() throws {
        let batch = try BatchCopy(golden["unknown sections"], schemas: schemas)
        #expect(batch.head == BatchHead(tick: Tick(1), base: .zero, isWhole: true, part: 0))
        #expect(batch.sections == [.despawn([1])])
    }

    @Test func anExtent() throws {
        var sections = BatchSections(partSizeMax: 100)
        let extent = Extent(total: 1_000_000, beginsAtItsEntity: false)
        sections.append(extent, of: QueryNumber(300))
        let bytes = try golden["an extent"]
        #expect(sections.messages(tick: Tick(1), base: .zero).map(\.hex) == [bytes.hex])
        #expect(try BatchCopy(bytes, schemas: []).sections == [.extent(QueryNumber(300), extent)])
    }

    @Test func aCentreThatIsLost() throws {
        var sections = BatchSections(partSizeMax: 100)
        sections.append(centreIsLost: true, of: QueryNumber(300))
        let bytes = try golden["a centre that is lost"]
        #expect(sections.messages(tick: Tick(1), base: .zero).map(\.hex) == [bytes.hex])
        #expect(try BatchCopy(bytes, schemas: []).sections == [.centre(QueryNumber(300), isLost: true)])
    }

    @Test func otherKindsOfComponents() throws {
        var sections = BatchSections(partSizeMax: 200)
        let entries = [
            ComponentTable.Entry(
                Golden.position, name: "Position", schemaHash: SchemaHash(0xbdba_df41_de9d_0111), valueSize: 8,
                spatial: SpatialField(path: [1], cellSize: 50)),
            ComponentTable.Entry(
                Golden.frozen, name: "Frozen", schemaHash: SchemaHash(0x3584_f623_d7fa_810b), valueSize: 0,
                isStatus: true),
        ]
        sections.append(removed: [], added: entries)
        let bytes = try golden["a spatial component and one of status"]
        #expect(sections.messages(tick: Tick(1), base: .zero).map(\.hex) == [bytes.hex])
        #expect(try BatchCopy(bytes, schemas: []).sections == [.table(removed: [], added: entries)])
        // A cell without a size.
        var broken = bytes
        broken.replaceSubrange(bytes.count - 29 + 2..<bytes.count - 29 + 10, with: Array(repeating: 0, count: 8))
        #expect(throws: WireError.self) { try BatchCopy(broken, schemas: []) }
    }

    @Test func aTableThatChanges() throws {
        let heat = try ComponentSchema(
            name: "Heat", type: .structure([Field("degrees", .scalar(.float), unit: "K")]))
        let degrees = { (value: Float) in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
        let entry = ComponentTable.Entry(ColumnID(5), heat, isWritable: true, defaultValue: degrees(20))
        let table = ComponentTable(
            ComponentTable(schemas).entries.filter { $0.column != Golden.label } + [entry])
        let store = ComponentStore(table)
        store.advance(to: Tick(1000))
        let entity = Entity(index: 7, generation: 1)
        store.spawn(entity)
        store[entry.column].set(7, to: degrees(21.5), at: store.tick)
        var sections = BatchSections(partSizeMax: 1 << 16)
        sections.append(removed: [Golden.label], added: [entry])
        sections.append(entered: RowSet([7]), spawned: false, of: store)
        sections.append(RowSet([7]), inserted: true, of: entry.column, in: store)
        let bytes = try golden["a table that changes"]
        #expect(sections.messages(tick: Tick(1000), base: Tick(999)).map(\.hex) == [bytes.hex])

        let batch = try BatchCopy(bytes, schemas: schemas)
        let unread = ComponentTable.Entry(
            entry.column, name: "Heat", schemaHash: heat.hash, valueSize: 4, isWritable: true,
            defaultValue: degrees(20))
        #expect(
            batch.sections == [
                .table(removed: [Golden.label], added: [unread]), .schema(EncodedSchema(heat)),
                .enter([entity], spawned: false), .values(entry.column, [7], [degrees(21.5)], inserted: true),
            ])
    }

    @Test func aResource() throws {
        let schema = try ComponentSchema(name: "Score", type: .structure([Field("points", .scalar(.int32))]))
        let entry = ComponentTable.Entry(ColumnID(6), schema, isResource: true)
        let store = ComponentStore(ComponentTable([entry]))
        store.advance(to: Tick(1000))
        store[entry.column].set(0, to: [5, 0, 0, 0], at: store.tick)
        var sections = BatchSections(partSizeMax: 1 << 16)
        sections.append(removed: [], added: [entry])
        sections.append(joined: [0], of: QueryNumber(7))
        sections.append(RowSet([0]), inserted: true, of: entry.column, in: store)
        let bytes = try golden["a resource"]
        #expect(sections.messages(tick: Tick(1000), base: Tick(999)).map(\.hex) == [bytes.hex])

        let unread = ComponentTable.Entry(
            entry.column, name: "Score", schemaHash: schema.hash, valueSize: 4, isResource: true)
        let batch = try BatchCopy(bytes, schemas: [])
        #expect(
            batch.sections == [
                .table(removed: [], added: [unread]), .schema(EncodedSchema(schema)), .joined(QueryNumber(7), [0]),
                .values(entry.column, [0], [[5, 0, 0, 0]], inserted: true),
            ])
    }

    @Test func aResourceHasNoRowButTheFirst() throws {
        var otherRow = try golden["a resource"]
        otherRow[otherRow.count - 5] = 1
        var removals = BatchSections(partSizeMax: 1 << 16)
        removals.append(removed: RowSet([0, 3]), from: ColumnID(6))
        let removal = removals.messages(tick: Tick(1000), base: Tick(999))[0]
        let table = ComponentTable([
            .init(ColumnID(6), try ComponentSchema(name: "Score", type: .scalar(.int32)), isResource: true)
        ])
        for bytes in [otherRow, removal] {
            let error = #expect(throws: WireError.self) { try BatchCopy(bytes, table: table) }
            #expect(error?.closeCode == .invalidPayload)
            #expect(error?.message.contains("Score is a resource, and has row 0 alone") == true)
        }
    }

    @Test func aSectionThatMustBeUnderstoodEndsTheConnection() throws {
        let error = #expect(throws: WireError.self) {
            try BatchCopy(golden["a section of the future"], schemas: schemas)
        }
        #expect(error?.closeCode == .notSupported)
        #expect(error?.message.contains("section 50 must be understood") == true, "\(error?.message ?? "")")
    }

    @Test func everyItemIsTested() {
        #expect(
            golden.items.map(\.name) == [
                "every kind of section", "nothing but a head", "a part that is not the last", "unknown sections",
                "a table that changes", "a resource", "a section of the future", "an extent",
                "a centre that is lost",
                "a spatial component and one of status",
            ])
    }
}
