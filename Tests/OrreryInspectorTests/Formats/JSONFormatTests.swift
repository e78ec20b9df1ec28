import Foundation
import OrreryInspector
import OrrerySchema
import OrreryStore
import Testing

@Suite("JSON lines hold every value exactly")
struct JSONFormatTests {
    @Test("One entity a line, components in the server's order, tags as {}")
    func lines() throws {
        let world = try HandMadeWorld([
            ("Position", position), ("Frozen", .structure([])), ("Body", .structure([Field("name", .string)])),
        ])
        try world.add(
            12, generation: 3,
            ["Body": .structure([.init("name", .string("Earth"))]), "Position": positionValue(1.5, 0, 2)])
        try world.add(13, ["Frozen": .structure([])])
        try world.add(14)
        #expect(
            world.json == """
                {"entity":"12v3","Position":{"x":1.5,"y":0,"z":2},"Body":{"name":"Earth"}}
                {"entity":"13v1","Frozen":{}}
                {"entity":"14v1"}

                """)
    }

    @Test(
        "Doubles are in the shortest form that reads back, whole ones without a point",
        arguments: [
            (0, "0"), (-0.0, "-0.0"), (1, "1"), (-17, "-17"), (0.1, "0.1"), (1e-5, "1e-05"), (1e15, "1000000000000000"),
            (0x1p53, "9007199254740992.0"), (1e300, "1e+300"), (.leastNonzeroMagnitude, "5e-324"),
            (1.0 / 3, "0.3333333333333333"),
            (.nan, "\"NaN\""), (.infinity, "\"Infinity\""), (-.infinity, "\"-Infinity\""),
        ] as [(Double, String)])
    func doubles(_ value: Double, _ expected: String) throws {
        #expect(try json(.double(value), as: .scalar(.double)) == expected)
    }

    @Test("Floats are as short as a Float allows")
    func floats() throws {
        #expect(try json(.float(0.1), as: .scalar(.float)) == "0.1")
        #expect(try json(.float(16_777_216), as: .scalar(.float)) == "16777216")
        #expect(try json(.float(.nan), as: .scalar(.float)) == "\"NaN\"")
    }

    @Test("Integers of 64 bits are numbers, exactly")
    func integers() throws {
        #expect(try json(.signed(.min), as: .scalar(.int64)) == "-9223372036854775808")
        #expect(try json(.signed(.max), as: .scalar(.int64)) == "9223372036854775807")
        #expect(try json(.unsigned(.max), as: .scalar(.uint64)) == "18446744073709551615")
        #expect(try json(.signed(-128), as: .scalar(.int8)) == "-128")
        #expect(try json(.unsigned(0), as: .scalar(.uint16)) == "0")
    }

    @Test("Strings are escaped as RFC 8259 demands, and what terminals act on too")
    func strings() throws {
        #expect(try json(.string("plain ünïcode 🪐"), as: .string) == "\"plain ünïcode 🪐\"")
        #expect(try json(.string("\"\\/\n\r\t\u{8}\u{c}"), as: .string) == #""\"\\/\n\r\t\b\f""#)
        #expect(try json(.string("\u{0}\u{1b}[2J\u{1f}"), as: .string) == #""\u0000\u001b[2J\u001f""#)
        #expect(try json(.string("\u{7f}\u{80}\u{9b}\u{a0}"), as: .string) == "\"\\u007f\\u0080\\u009b\u{a0}\"")
    }

    @Test("Any string reads back through another parser")
    func everyScalarReadsBack() throws {
        let text = String(String.UnicodeScalarView((0...0x2fff).compactMap { Unicode.Scalar(UInt32($0)) }))
            .precomposedStringWithCanonicalMapping
        let object = try JSONSerialization.jsonObject(
            with: Data(try json(.string(text), as: .string).utf8), options: .fragmentsAllowed)
        #expect(object as? String == text)
    }

    @Test("Compound values nest")
    func compounds() throws {
        let number = FieldType.scalar(.int32)
        #expect(try json(.vector([.float(1), .float(2.5)]), as: .vector(.float, lanes: 2)) == "[1,2.5]")
        #expect(try json(.array([.array([]), .array([.signed(1)])]), as: .array(.array(number))) == "[[],[1]]")
        #expect(try json(.set([.signed(2), .signed(1)]), as: .set(number)) == "[1,2]")
        #expect(try json(.optional(nil), as: .optional(number)) == "null")
        #expect(try json(.optional(.signed(4)), as: .optional(number)) == "4")
        #expect(try json(.bool(true), as: .scalar(.bool)) == "true")
        let words = FieldType.dictionary(key: .string, value: number)
        #expect(try json(.dictionary([.init(key: .string("a\""), value: .signed(1))]), as: words) == #"{"a\"":1}"#)
        let squares = FieldType.dictionary(key: number, value: number)
        #expect(
            try json(
                .dictionary([.init(key: .signed(2), value: .signed(4)), .init(key: .signed(1), value: .signed(1))]),
                as: squares) == "[[1,1],[2,4]]")
    }

    @Test("Entities, enumerations and unions go by name")
    func names() throws {
        #expect(try json(.entity(Entity(index: 12, generation: 3)), as: .entity) == "\"12v3\"")
        #expect(try json(.entity(.none), as: .entity) == "null")
        let mode = FieldType.enumeration([EnumerationCase("idle", rawValue: "0"), EnumerationCase("walk")])
        #expect(try json(.enumeration("walk"), as: mode) == "\"walk\"")
        let order = FieldType.union([UnionCase("stop"), UnionCase("move", [Field("to", .vector(.double, lanes: 2))])])
        #expect(try json(.union("stop", []), as: order) == #"{"stop":{}}"#)
        let move = DynamicValue.union("move", [.init("to", .vector([.double(1), .double(-2)]))])
        #expect(try json(move, as: order) == #"{"move":{"to":[1,-2]}}"#)
    }

    @Test("Bytes that are no value are null, and are counted")
    func undecodable() throws {
        let world = try HandMadeWorld([("Flags", .structure([Field("a", .scalar(.bool)), Field("b", .string)]))])
        let cells: [[UInt8]] = [[1, 1, 97], [2, 0], [1, 9], [0, 0, 0], [1, 1, 0xff]]
        for (index, bytes) in cells.enumerated() {
            try world.add(UInt32(index))
            world.store[ColumnID(0)].set(UInt32(index), to: bytes, at: world.store.tick)
        }
        var format = JSONFormat(world.shown.components)
        let lines = text { out in
            for entity in world.entities { format.append(entity, of: world.store, to: &out) }
        }
        #expect(
            lines == """
                {"entity":"0v1","Flags":{"a":true,"b":"a"}}
                {"entity":"1v1","Flags":null}
                {"entity":"2v1","Flags":null}
                {"entity":"3v1","Flags":null}
                {"entity":"4v1","Flags":null}

                """)
        #expect(format.undecodable.count == 4)
        #expect(format.undecodable.warning?.hasPrefix("4 values do not fit their schemas") == true)
        #expect(format.undecodable.warning?.contains("Flags of 1v1: a Bool is 2") == true)
        #expect(UndecodableValues().warning == nil)
    }
}
