import OrrerySchema
import OrreryStore
import Testing

/// A table says which number means which component; a store has a column for each of them.
@Suite struct ComponentTableTests {
    private func entry(_ number: Int, _ name: String, _ type: FieldType = .string) throws -> ComponentTable.Entry {
        .init(ColumnID(number), try ComponentSchema(name: name, type: type))
    }

    @Test func numbersMayHaveGaps() throws {
        for numbers in [[0, 1, 2], [0, 1, 5], [0, 4, 5], [3, 4, 1023], [7], []] {
            let table = ComponentTable(try numbers.map { try entry($0, "C\($0)") })
            #expect(table.columns == numbers.map(ColumnID.init))
            for number in 0...1024 {
                #expect(table[ColumnID(number)]?.name == (numbers.contains(number) ? "C\(number)" : nil))
            }
        }
    }

    @Test func anEntryIsFoundByItsName() throws {
        let table = ComponentTable([try entry(2, "A"), try entry(9, "B")])
        #expect(table["B"]?.column == ColumnID(9))
        #expect(table["C"] == nil)
    }

    @Test func anEntrySaysWhetherItIsAResource() throws {
        let schema = try ComponentSchema(name: "A", type: .scalar(.uint32))
        let resource = ComponentTable.Entry(ColumnID(1), schema, isResource: true)
        #expect(resource.isResource && !ComponentTable.Entry(ColumnID(1), schema).isResource)
        #expect(resource.with(.success(schema)).isResource)
        #expect(resource.with(.failure(SchemaProblem("no such type"))).isResource)
    }

    @Test func aSchemaThatDoesNotFitItsEntryIsAProblemOfThatEntry() throws {
        let schema = try ComponentSchema(name: "A", type: .scalar(.uint32))
        let entry = ComponentTable.Entry(
            ColumnID(3), name: "A", schemaHash: schema.hash, valueSize: 4, isWritable: true, defaultValue: [1, 0, 0, 0])
        let known = entry.with(.success(schema))
        #expect(known.schema == schema && known.problem == nil)
        #expect(known.isWritable && known.defaultValue == [1, 0, 0, 0])

        let other = try ComponentSchema(name: "B", type: .scalar(.uint32))
        let longer = try ComponentSchema(name: "A", type: .scalar(.uint64))
        let varying = try ComponentSchema(name: "A", type: .string)
        for (result, problem): (Result<ComponentSchema, SchemaProblem>, String) in [
            (.success(other), "'B'"), (.success(longer), "another size"), (.success(varying), "another size"),
            (.failure(SchemaProblem("no such type")), "no such type"),
        ] {
            let unknown = entry.with(result)
            #expect(unknown.schema == nil)
            #expect(unknown.problem?.contains(problem) == true, "\(unknown.problem ?? "")")
            #expect(unknown.hasSameValues(as: entry), "its values are kept all the same")
            #expect(unknown.isWritable && unknown.defaultValue == [1, 0, 0, 0])
        }
    }

    @Test func anotherTableKeepsTheColumnsThatStayAndLetsGoOfTheOthers() throws {
        let (a, b, c) = (try entry(1, "A", .scalar(.uint32)), try entry(4, "B"), try entry(6, "C"))
        let store = ComponentStore(ComponentTable([a, b]))
        store.advance(to: Tick(1))
        let entity = Entity(index: 5, generation: 1)
        store.spawn(entity)
        let alone = store.byteCount
        store[a.column].set(5, to: [1, 2, 3, 4], at: store.tick)
        let withA = store.byteCount
        store[b.column].set(5, to: [UInt8](repeating: 7, count: 1000), at: store.tick)

        store.install(ComponentTable([a, c]))
        #expect(store[a.column].value(of: 5) == [1, 2, 3, 4])
        #expect(store[c.column].rows.isEmpty)
        #expect(store.columns(of: entity) == [a.column])
        #expect(store.byteCount == withA, "its bytes count no more")

        // The same number with another meaning has another column.
        let (other, varying) = (try entry(1, "A", .scalar(.uint64)), try entry(1, "Z", .scalar(.uint32)))
        for next in [other, varying] {
            store.install(ComponentTable([next]))
            #expect(store[next.column].rows.isEmpty)
            #expect(store[next.column].valueSize == next.valueSize)
            #expect(store.contains(entity))
            #expect(store.byteCount == alone)
        }
    }

    @Test func anotherLifeBeginsAtTick0WithNothing() throws {
        let (a, b) = (try entry(1, "A"), try entry(0, "B"))
        let store = ComponentStore(ComponentTable([a]))
        store.advance(to: Tick(9))
        store.spawn(Entity(index: 5, generation: 1))
        store[a.column].set(5, to: [1, 0x61], at: store.tick)
        store.reset(ComponentTable([b]))
        #expect(store.tick == .zero && store.byteCount == 0 && store.pageCount == 0)
        #expect(store.entities.rows.isEmpty && store[b.column].rows.isEmpty)
        #expect(store.table.columns == [b.column])
        store.advance(to: Tick(1))
        store.spawn(Entity(index: 5, generation: 2))
        #expect(store.entity(at: 5)?.generation == 2)
    }

    @Test func numbersThatDoNotAscendStop() async {
        await #expect(processExitsWith: .failure) {
            let schema = try ComponentSchema(name: "A", type: .string)
            _ = ComponentTable([.init(ColumnID(1), schema), .init(ColumnID(1), schema)])
        }
    }
}
