import OrreryInspector
import OrrerySchema
import Testing

@Suite("A frame fits the window")
struct ScreenTests {
    private let world: HandMadeWorld

    init() throws {
        world = try HandMadeWorld([("Position", position), ("Name", .string)])
        for index in 0..<9 {
            try world.add(
                UInt32(index), ["Position": positionValue(Double(index), 0.5, 0), "Name": .string("Body \(index)")])
        }
    }

    private func lines(_ columns: Int, _ rows: Int, isColoured: Bool = false, total: Int = 9) -> [String] {
        var screen = Screen(world.shown, isColoured: isColoured)
        let status = ScreenStatus(url: "ws://h:1", tick: Tick(7), lag: 2, total: total)
        let frame = screen.frame(
            of: world.entities, in: world.store, status, WindowSize(columns: columns, rows: rows))
        var text = String(decoding: frame, as: UTF8.self)
        // What is written into the last column would be erased with what is behind it.
        let controls =
            columns > 1
            ? ["\u{1b}[?2026h\u{1b}[H", "\u{1b}[J\u{1b}[?2026l", "\u{1b}[K"]
            : ["\u{1b}[?2026h\u{1b}[H\u{1b}[J", "\u{1b}[?2026l"]
        for control in controls {
            #expect(text.contains(control))
            text = text.replacing(control, with: "")
        }
        return text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
    }

    @Test func everythingFits() {
        let lines = lines(100, 24)
        #expect(lines.count == 11)
        #expect(lines[0] == " ws://h:1  tick 7  9 entities  lag 2  (q quits)")
        #expect(lines[1] == "entity  Position.x [km]  Position.y [km]  Position.z  Name")
        #expect(lines[10] == "8v1                   8              0.5           0  Body 8")
    }

    @Test func whoIsNotInTheWindowIsCounted() {
        #expect(lines(100, 24, total: 1232)[0] == " ws://h:1  tick 7  9 of 1232 entities  lag 2  (q quits)")
    }

    @Test func rowsAndColumnsAreCut() {
        #expect(
            lines(41, 6) == [
                " ws://h:1  tick 7  9 entities  lag 2  (…", "entity  Position.x [km]  … 3 more",
                "0v1                   0", "1v1                   1", "2v1                   2", "… 6 more",
            ])
    }

    @Test("No window is too small", arguments: 1...12, 1...5)
    func tinyWindows(_ columns: Int, _ rows: Int) {
        let lines = lines(columns, rows)
        #expect(lines.count <= rows)
        #expect(lines.allSatisfy { DisplayText.width(of: $0) <= max(columns - 1, 1) })
        #expect(!lines.allSatisfy { $0.isEmpty })
    }

    @Test func coloursAreOptional() {
        #expect(!lines(60, 5).joined().contains("\u{1b}["))
        #expect(lines(60, 5, isColoured: true)[1].hasPrefix("\u{1b}[1mentity"))
    }

    @Test func columnsDoNotShrink() throws {
        var screen = Screen(world.shown, isColoured: false)
        let size = WindowSize(columns: 100, rows: 24)
        let status = ScreenStatus(url: "u", tick: Tick(1), lag: 0, total: 9)
        try world.add(0, ["Name": .string("a rather long name")])
        func header() -> String {
            let frame = String(decoding: screen.frame(of: world.entities, in: world.store, status, size), as: UTF8.self)
            return String(frame.split(separator: "\r\n")[2])
        }
        let wide = header().count
        try world.add(0, ["Name": .string("b")])
        #expect(wide - header().count == "a rather long name".count - 1)
    }
}
