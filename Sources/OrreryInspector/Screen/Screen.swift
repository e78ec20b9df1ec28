package import OrrerySchema
package import OrreryStore

/// The size of a window in characters.
package struct WindowSize: Hashable, Sendable {
    package var columns: Int
    package var rows: Int

    package init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }
}

/// The content of the status line.
package struct ScreenStatus: Hashable, Sendable {
    package var url: String
    package var tick: Tick
    /// The number of ticks behind the newest tick that the client has heard of.
    package var lag: UInt64
    /// How many entities match, of which perhaps only some are shown.
    package var total: Int

    package init(url: String, tick: Tick, lag: UInt64, total: Int) {
        self.url = url
        self.tick = tick
        self.lag = lag
        self.total = total
    }
}

/// The full-screen table: converts a state into the bytes of one frame.
///
/// A frame overwrites the previous one in place, line by line, in one write, so that nothing flickers.
package struct Screen: Sendable {
    private let shown: ShownComponents
    private let isColoured: Bool
    /// Columns do not become narrower from frame to frame; otherwise numbers would jump.
    private var lastColumns: [Table.Column] = []
    package private(set) var undecodable = UndecodableValues()

    package init(_ shown: ShownComponents, isColoured: Bool) {
        self.shown = shown
        self.isColoured = isColoured
    }

    /// The bytes that show entities of a state in a window; of `Entity.none`, a resource.
    package mutating func frame(
        of entities: [Entity], in store: ComponentStore, _ status: ScreenStatus, _ size: WindowSize
    ) -> [UInt8] {
        // The last column stays free: erasing after a character there would erase that character. A screen of one
        // column is erased before.
        let hasFreeColumn = size.columns > 1
        let size = WindowSize(columns: size.columns - (hasFreeColumn ? 1 : 0), rows: size.rows)
        // The status line, the header, and a line with the number of rows that do not fit.
        let room = max(0, size.rows - 2)
        let rowCount = entities.count <= room ? entities.count : max(0, room - 1)
        var format = TableFormat(shown.present(in: store))
        var table = format.table(of: entities.prefix(rowCount), in: store)
        undecodable = format.undecodable
        table.widen(to: lastColumns)
        lastColumns = table.columns

        var lines: [[UInt8]] = [statusLine(status, entityCount: entities.count { $0 != .none }, size)]
        lines.append(styled("1", header(of: table, size.columns)))
        let columnCount = visibleColumnCount(of: table, size.columns)
        for row in 0..<rowCount {
            var line: [UInt8] = []
            if columnCount > 0 { table.append(row: row, columnCount: columnCount, to: &line) }
            lines.append(line)
        }
        if rowCount < entities.count {
            lines.append(Array(DisplayText.cut("… \(entities.count - rowCount) more", to: size.columns).utf8))
        }
        return Self.frame(of: lines.prefix(size.rows), erasingBehind: hasFreeColumn)
    }

    /// The number of columns that fit completely next to the note about the others; the first one is cut rather than
    /// left out.
    private func visibleColumnCount(of table: Table, _ width: Int) -> Int {
        let count = table.columnCount(fitting: width)
        guard count < table.columns.count else { return count }
        return table.columnCount(fitting: width - Self.note(table.columns.count - count).count - Table.gap)
    }

    private static func note(_ missing: Int) -> String { "… \(missing) more" }

    private func header(of table: Table, _ width: Int) -> [UInt8] {
        let count = visibleColumnCount(of: table, width)
        var line: [UInt8] = []
        if count > 0 { table.appendHeader(columnCount: count, to: &line) }
        let missing = table.columns.count - count
        if missing > 0 {
            if count > 0 {
                // The last column is padded as if another column followed.
                let used = table.columns.prefix(count).reduce(-Table.gap) { $0 + $1.width + Table.gap }
                let written = DisplayText.width(of: String(decoding: line, as: UTF8.self))
                line.append(contentsOf: repeatElement(UInt8(ascii: " "), count: used - written + Table.gap))
            }
            line.append(text: DisplayText.cut(Self.note(missing), to: width))
        }
        return line
    }

    private func statusLine(_ status: ScreenStatus, entityCount: Int, _ size: WindowSize) -> [UInt8] {
        let noun = status.total == 1 ? "entity" : "entities"
        let count = entityCount == status.total ? "\(entityCount)" : "\(entityCount) of \(status.total)"
        let text =
            " \(status.url)  tick \(status.tick)  \(count) \(noun)  lag \(status.lag)  (q quits)"
        let cut = DisplayText.cut(DisplayText.printable(text), to: size.columns)
        let padding = String(repeating: " ", count: max(0, size.columns - DisplayText.width(of: cut)))
        return styled("7", Array((isColoured ? cut + padding : cut).utf8))
    }

    private func styled(_ attribute: String, _ line: [UInt8]) -> [UInt8] {
        guard isColoured else { return line }
        return Array("\u{1b}[\(attribute)m".utf8) + line + Array("\u{1b}[0m".utf8)
    }

    private static func frame(of lines: some Collection<[UInt8]>, erasingBehind: Bool) -> [UInt8] {
        // A synchronised update if the terminal supports it, from the upper left corner; each line erases what it does
        // not cover.
        var out = Array("\u{1b}[?2026h\u{1b}[H".utf8)
        if !erasingBehind { out.append(text: "\u{1b}[J") }
        for (index, line) in lines.enumerated() {
            if index > 0 { out.append(text: "\r\n") }
            out.append(contentsOf: line)
            if erasingBehind { out.append(text: "\u{1b}[K") }
        }
        out.append(text: erasingBehind ? "\u{1b}[J\u{1b}[?2026l" : "\u{1b}[?2026l")
        return out
    }
}
