import OrreryInspector
import OrrerySchema
import Testing

@Suite("The table is for people")
struct TableFormatTests {
    @Test("Aligned, numbers to the right, units in the header, - for what is missing")
    func golden() throws {
        let world = try HandMadeWorld([
            ("Position", position), ("Name", .string), ("Frozen", .structure([])), ("Unused", .string),
        ])
        try world.add(0, ["Position": positionValue(1.5, -149_597_870.7, 0), "Name": .string("Earth")])
        try world.add(1, ["Position": positionValue(1e12, 0.000_012_5, .nan), "Name": .string("日本")])
        try world.add(12, generation: 3, ["Frozen": .structure([]), "Name": .string("")])
        #expect(
            world.table == """
                entity  Position.x [km]  Position.y [km]  Position.z  Name   Frozen
                0v1                 1.5       -149597871           0  Earth  -
                1v1                1e12          1.25e-5         NaN  日本   -
                12v3                  -                -           -         true

                """)
    }

    @Test("What a terminal would act on is written as an escape, and long text is cut")
    func hostileText() throws {
        let world = try HandMadeWorld([("Name\u{1b}[2J", .string)])
        try world.add(0, ["Name\u{1b}[2J": .string("a\u{1b}]0;x\u{7}\n\u{202e}\u{9b}")])
        try world.add(1, ["Name\u{1b}[2J": .string(String(repeating: "x", count: 100))])
        let lines = world.table.split(separator: "\n")
        #expect(lines[0] == "entity  Name\\u{1b}[2J")
        #expect(lines[1] == "0v1     a\\u{1b}]0;x\\u{7}\\n\\u{202e}\\u{9b}")
        #expect(lines[2] == "1v1     " + String(repeating: "x", count: 39) + "…")
    }

    @Test(
        "Numbers are short",
        arguments: [
            (0, "0"), (-0.0, "0"), (3, "3"), (0.1, "0.1"), (1.0 / 3, "0.333333"), (2.0 / 3, "0.666667"),
            (0.9999999, "1"),
            (1234.56789, "1234.57"), (123_456.789, "123457"), (99_999_999.96, "100000000"), (999_999_999.5, "1e9"),
            (1_000_000_000, "1e9"), (-2.5e-7, "-2.5e-7"), (0.000_123_456_7, "0.000123457"),
            (1.7976931348623157e308, "1.79769e308"),
        ] as [(Double, String)])
    func compactNumbers(_ value: Double, _ expected: String) throws {
        let world = try HandMadeWorld([("N", .scalar(.double))])
        try world.add(0, ["N": .double(value)])
        #expect(world.table.split(whereSeparator: \.isWhitespace).last.map(String.init) == expected)
    }

    @Test("The width of text is that on the screen")
    func widths() {
        #expect(DisplayText.width(of: "abc") == 3)
        #expect(DisplayText.width(of: "日本") == 4)
        #expect(DisplayText.width(of: "e\u{301}") == 1)
        #expect(DisplayText.width(of: "👩‍🚀") == 2)
        #expect(DisplayText.cut("日本語", to: 4) == "日…")
        #expect(DisplayText.cut("abc", to: 0) == "")
    }

    @Test(
        "Each base character and each spacing mark has a column of its own, vertical forms two",
        .bug(id: "f09", "lines of a table are too wide"),
        arguments: [
            ("\u{e01}\u{e33}", 2), ("\u{e01}\u{e33}\u{e19}\u{e49}\u{e33}", 4), ("\u{e81}\u{eb3}", 2),
            ("\u{915}\u{94d}\u{937}", 2), ("\u{915}\u{93f}", 2), ("\u{b95}\u{bcb}", 2), ("\u{fe10}\u{fe19}", 4),
            ("\u{fe11}x", 3),
        ])
    func clusterWidths(_ text: String, _ width: Int) {
        #expect(DisplayText.width(of: text) == width)
    }
}
