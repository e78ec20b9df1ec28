import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

/// Fields that the golden world does not have: payloads, components that are no structures, bytes that are no values.
@Suite struct FieldTests {
    private let store: ComponentStore

    /// Five entities: idle, move to (3, 4) without speed, move with NaN, follow 2v1, follow nobody.
    init() throws {
        let order = FieldType.union([
            UnionCase("idle"),
            UnionCase("move", [Field("to", .vector(.float, lanes: 2)), Field("speed", .optional(.scalar(.float)))]),
            UnionCase("follow", [Field("_0", .entity), Field("note", .string)]),
        ])
        let mode = FieldType.enumeration([.init("slow"), .init("fast")])
        store = ComponentStore(schemas: [
            try ComponentSchema(
                name: "Job", type: .structure([Field("order", order), Field("rank", .scalar(.uint8))])),
            try ComponentSchema(name: "Mode", type: mode),
            try ComponentSchema(name: "Speed", type: .optional(.scalar(.float))),
            try ComponentSchema(name: "Names", type: .array(.string)),
            try ComponentSchema(name: "Number", type: .optional(.scalar(.int32))),
            try ComponentSchema(name: "Friends", type: .array(.entity)),
            try ComponentSchema(name: "Link", type: .structure([Field("to", .entity)])),
            try ComponentSchema(name: "Flags", type: .structure([Field("on", .scalar(.bool)), Field("mode", mode)])),
        ])
        store.advance(to: Tick(1))
        let (target, first) = (Entity(index: 2, generation: 1), Entity(index: 0, generation: 1))
        let orders: [DynamicValue] = [
            .union("idle", []),
            .union("move", [.init("to", .vector([.float(3), .float(4)])), .init("speed", .optional(nil))]),
            .union("move", [.init("to", .vector([.float(.nan), .float(0)])), .init("speed", .optional(.float(2)))]),
            .union("follow", [.init("_0", .entity(target)), .init("note", .string("home"))]),
            .union("follow", [.init("_0", .entity(.none)), .init("note", .string(""))]),
        ]
        for (row, order) in orders.enumerated() {
            store.spawn(Entity(index: UInt32(row), generation: 1))
            try set("Job", row, .structure([.init("order", order), .init("rank", .unsigned(UInt64(row)))]))
            try set("Mode", row, .enumeration(row < 3 ? "slow" : "fast"))
            try set("Speed", row, .optional(row == 0 ? nil : .float(Float(row))))
            try set("Number", row, .optional(row == 0 ? nil : .signed(Int64(row))))
            try set("Friends", row, .array(row < 2 ? [] : [.entity(row == 2 ? .none : target)]))
            try set("Link", row, .structure([.init("to", .entity(row < 2 ? .none : row == 2 ? target : first))]))
            try set("Names", row, .array(Array(repeating: .string("n\(row)"), count: row)))
        }
    }

    private func set(_ name: String, _ row: Int, _ value: DynamicValue) throws {
        let entry = try #require(store.table[name])
        let type = try #require(entry.schema?.type)
        store[entry.column].set(UInt32(row), to: try value.encoded(as: type), at: store.tick)
    }

    @Test(arguments: [
        ("Job.order = move", [1, 2]), ("Job.order != move", [0, 3, 4]), ("Job.order > idle", [1, 2, 3, 4]),
        ("Job.order in move..follow", [1, 2, 3, 4]), ("Job.order in (idle, follow)", [0, 3, 4]),
        ("follow = Job.order", [3, 4]), ("Job.order.move.to.y = 4", [1]), ("Job.order.move.to.y != 4", [2]),
        ("not Job.order.move.to.y = 4", [0, 2, 3, 4]), ("Job.order.move.to.x is nan", [2]),
        ("length(Job.order.move.to) = 5", [1]), ("length(Job.order.move.to) is nan", [2]),
        ("Job.order.move.speed is nil", [1]), ("Job.order.move.speed is not nil", [0, 2, 3, 4]),
        ("Job.order.follow._0 = 2v1", [3]), ("Job.order.follow._0 is nil", [4]),
        ("Job.order.follow.note ~ \"OM\"", [3]),
        ("Job.rank >= 3", [3, 4]), ("refers to 2v1", [2, 3, 4]), ("~ \"home\"", [3]), ("is nan", [2]),
        ("Mode = fast", [3, 4]), ("Mode < fast", [0, 1, 2]), ("slow = Mode", [0, 1, 2]), ("Speed > 2", [3, 4]),
        ("Speed is nil", [0]), ("not Speed is nil", [1, 2, 3, 4]), ("Names has \"n3\"", [3]),
        ("count(Names) > 2", [3, 4]),
        ("Names[1] = \"n2\"", [2]), ("Names ~ \"N4\"", [4]), ("Job.rank = count(Names)", [0, 1, 2, 3, 4]),
        ("Speed = Job.rank", [1, 2, 3, 4]), ("Names[0] ~ \"\"", [1, 2, 3, 4]), ("Names[99] = \"a\"", []),
        ("Number = 2.5", []), ("Number < 2.5", [1, 2]), ("Number >= 2.5", [3, 4]),
        ("Number != 2.5", [1, 2, 3, 4]), ("Friends[0] is nil", [2]), ("Friends[0] = 2v1", [3, 4]),
        ("Link.to != 2v1", [3, 4]), ("Link.to != 1v1", [2, 3, 4]), ("Link.to is nil", [0, 1]),
        ("Link.to = 4294967295v0", []), ("refers to 4294967295v0", []),
    ])
    func aConditionHolds(condition: String, rows: [UInt32]) throws {
        let query = try Query("* where \(condition)", in: store.table)
        #expect(query.members(of: store).indexes == rows)
        #expect(try Query(query.text(in: store.table), in: store.table) == query)
    }

    @Test(arguments: [
        ("Job.order.move = 5", QueryError.Kind.type, 9), ("Job.order.move[0] = 5", .type, 24),
        ("Job.order.mov.to.x = 5", .unknownField, 19), ("Job.order.move.too.x = 5", .unknownField, 24),
        ("Job.order.rank = 5", .unknownField, 19), ("Mode", .type, 9), ("Job.order ~ \"a\"", .type, 19),
    ])
    func aWrongPathIsRefused(condition: String, kind: QueryError.Kind, column: Int) throws {
        let error = #expect(throws: QueryError.self) { try Query("* where \(condition)", in: store.table) }
        #expect(error?.kind == kind && error?.column == column)
    }

    /// Clients keep bytes that they cannot read. Every test is false on them.
    @Test func bytesThatAreNoValueAreMissing() throws {
        let flags = try #require(store.table["Flags"]?.column)
        let values: [[UInt8]] = [[0, 0], [1, 1], [2, 0], [0, 9], [255, 255]]
        for (row, bytes) in values.enumerated() { store[flags].set(UInt32(row), to: bytes, at: store.tick) }
        let jobs: [[UInt8]] = [[9], [], [2], [1, 0, 0, 0, 0, 0, 0, 0, 0, 2], [0, 7, 7]]
        for (row, bytes) in jobs.enumerated() { store[ColumnID(0)].set(UInt32(row), to: bytes, at: store.tick) }
        let names: [[UInt8]] = [
            [200, 1], [255, 255, 255, 255, 255, 255, 255, 255, 255, 255], [1, 99], [2, 1, 97], [1, 1, 97],
        ]
        for (row, bytes) in names.enumerated() { store[ColumnID(3)].set(UInt32(row), to: bytes, at: store.tick) }
        for (condition, rows) in [
            ("Flags.on", [1]), ("Flags.on = false", [0, 3]), ("Flags.on != true", [0, 3]),
            ("Flags.mode = slow", [0, 2]),
            ("Flags.mode != fast", [0, 2]), ("Flags.mode >= slow", [0, 1, 2]),
            ("Flags.mode in (slow, fast)", [0, 1, 2]),
            ("Job.rank = 7", [4]), ("Job.order.move.speed is nil", []), ("Job.order = idle", [4]), ("~ \"a\"", [3, 4]),
            ("Names has \"a\"", [3, 4]), ("Names[0] = \"a\"", [3, 4]), ("refers to 0v0", []),
        ] as [(String, [UInt32])] {
            #expect(
                try Query("* where \(condition)", in: store.table).members(of: store).indexes == rows, "\(condition)")
        }
    }

    @Test func largePagesAreScannedWhole() throws {
        let number = try ComponentSchema(
            name: "N", type: .structure([Field("pad", .scalar(.bool)), Field("n", .scalar(.int32))]))
        let store = ComponentStore(schemas: [number])
        store.advance(to: Tick(1))
        var generator = SeededGenerator(seed: 5)
        var expected: [UInt32] = []
        for row in UInt32(0)..<5000 where !generator.oneIn(5) {
            store.spawn(Entity(index: row, generation: 1))
            let value = Int32.random(in: -50...50, using: &generator)
            var writer = ByteWriter()
            writer.append(1)
            writer.append(integer: value)
            store[ColumnID(0)].set(row, to: writer.bytes, at: store.tick)
            if value >= 7 { expected.append(row) }
        }
        #expect(try Query("N where N.n >= 7", in: store.table).members(of: store).indexes == expected)
        #expect(
            try Query("N where not N.n < 7", in: store.table).matching(in: store, among: RowSet(4000..<4500)).indexes
                == expected.filter { (4000..<4500).contains($0) })
    }
}
