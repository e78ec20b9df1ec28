import Testing

@testable import OrrerySchema

/// Who does not see an entity does not see it in values either, and leaves it alone when it writes.
@Suite struct EntityMaskTests {
    private let seen = Entity(index: 1, generation: 1)
    private let hidden = Entity(index: 2, generation: 7)

    private func masked(_ value: DynamicValue, _ type: FieldType) throws -> DynamicValue {
        let mask = try #require(EntityMask(type))
        let bytes = try value.encoded(as: type)
        return try DynamicValue(decoding: bytes.withUnsafeBytes { mask.masked($0) { $0 == seen } }, as: type)
    }

    private func restored(_ new: DynamicValue, old: DynamicValue, _ type: FieldType) throws -> DynamicValue {
        let mask = try #require(EntityMask(type))
        let bytes = try mask.restored(new.encoded(as: type), old: old.encoded(as: type)) { $0 == seen }
        return try DynamicValue(decoding: bytes, as: type)
    }

    private static let pair = FieldType.structure([
        Field("distance", .scalar(.float)), Field("first", .entity), Field("second", .entity),
    ])

    private func pair(_ first: Entity, _ second: Entity, distance: Float = 1) -> DynamicValue {
        .structure([
            .init("distance", .float(distance)), .init("first", .entity(first)), .init("second", .entity(second)),
        ])
    }

    @Test func aTypeWithoutEntitiesNeedsNone() {
        #expect(EntityMask(.structure([Field("name", .string), Field("x", .vector(.float, lanes: 3))])) == nil)
        #expect(EntityMask(.union([UnionCase("none", []), UnionCase("some", [Field("who", .entity)])])) != nil)
    }

    @Test func fieldsOfFixedPlaces() throws {
        #expect(try masked(pair(hidden, seen), Self.pair) == pair(.none, seen))
        #expect(try masked(pair(seen, hidden), Self.pair) == pair(seen, .none))
        let old = pair(hidden, seen)
        #expect(try restored(pair(.none, seen, distance: 5), old: old, Self.pair) == pair(hidden, seen, distance: 5))
        #expect(try restored(pair(seen, .none), old: old, Self.pair) == pair(seen, .none))
    }

    @Test func valuesInsideOthers() throws {
        let type = FieldType.structure([
            Field("list", .array(Self.pair)), Field("leader", .optional(.entity)), Field("friends", .set(.entity)),
            Field("debts", .dictionary(key: .entity, value: .scalar(.int32))),
            Field("task", .union([UnionCase("idle", []), UnionCase("follow", [Field("who", .entity)])])),
        ])
        func value(_ who: Entity, friends: [Entity], leader: Entity? = nil) -> DynamicValue {
            .structure([
                .init("list", .array([pair(who, seen), pair(seen, seen)])),
                .init("leader", .optional(leader.map { .entity($0) })),
                .init("friends", .set(friends.map { .entity($0) })),
                .init("debts", .dictionary(friends.map { .init(key: .entity($0), value: .signed(3)) })),
                .init("task", .union("follow", [.init("who", .entity(who))])),
            ])
        }
        let old = value(hidden, friends: [seen, hidden], leader: hidden)
        let visible = value(.none, friends: [seen], leader: Entity.none)
        #expect(try masked(old, type) == visible)
        #expect(try restored(visible, old: old, type) == old, "what was left alone stays")
        // What is written is written; friends who are hidden stay.
        let new = value(seen, friends: [], leader: seen)
        #expect(try restored(new, old: old, type) == value(seen, friends: [hidden], leader: seen))
    }

    @Test func bytesThatAreNoValueStay() throws {
        let mask = try #require(EntityMask(Self.pair))
        #expect([UInt8](arrayLiteral: 1, 2, 3).withUnsafeBytes { mask.masked($0) { _ in false } } == [1, 2, 3])
        #expect(mask.restored([1], old: [2, 3]) { _ in false } == [1])
        let list = try #require(EntityMask(.array(.entity)))
        #expect([UInt8](arrayLiteral: 5, 2).withUnsafeBytes { list.masked($0) { _ in false } } == [5, 2])
    }
}
