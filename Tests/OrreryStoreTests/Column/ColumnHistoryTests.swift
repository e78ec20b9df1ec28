import OrrerySchema
import OrreryStore
import Testing

/// Whatever somebody knows, the column says what is new to them.
@Suite struct ColumnHistoryTests {
    enum Form: Int, CaseIterable, Sendable {
        case fixed, wide, variable, tag

        var valueSize: Int? {
            switch self {
            case .fixed: 4
            case .wide: 27
            case .variable: nil
            case .tag: 0
            }
        }
    }

    private static func value(_ form: Form, _ generator: inout SeededGenerator) -> [UInt8] {
        let size = form.valueSize ?? Int.random(in: 0...20, using: &generator)
        // Few different values, so that some are set again; they differ in the last byte, which comparisons reach last.
        var value = [UInt8](repeating: 7, count: size)
        if size > 0 { value[size - 1] = UInt8.random(in: 0...2, using: &generator) }
        return value
    }

    @Test(arguments: seeds(25), Form.allCases)
    func changesAfterEveryCursorAreThoseOfTheHistory(seed: UInt64, form: Form) {
        var generator = SeededGenerator(seed: seed)
        let column = Column(valueSize: form.valueSize)
        var model = ModelColumn()
        // A few rows that meet often; on one page, or on several with gaps between them.
        let spread = UInt32([1, 63, 700].randomElement(using: &generator)!)
        let rows = (0..<UInt32(12)).map { $0 * spread }
        // Ticks that the column never saw: several in the world were merged into one here.
        var lastChecked = Tick.zero
        for round in 0..<30 {
            model.beginTick()
            if generator.oneIn(4) { continue }
            for _ in 0..<Int.random(in: 0...6, using: &generator) {
                let row = rows.randomElement(using: &generator)!
                if generator.oneIn(3) {
                    column.remove(row, at: model.tick)
                    model.remove(row)
                } else {
                    let value = Self.value(form, &generator)
                    let changes = model.now[row] != value
                    #expect(column.set(row, to: value, at: model.tick) == changes)
                    model.set(row, to: value)
                }
            }
            // From every cursor in some ticks, the last among them.
            for cursor in 0...model.tick.rawValue where round % 3 == 2 || cursor % 5 == model.tick.rawValue % 5 {
                let expected = model.changes(after: Tick(cursor))
                let changes = column.changes(after: Tick(cursor))
                #expect(changes == expected, "tick \(model.tick), cursor \(cursor)")
                expectRowsAndPagesAgree(column, rows, changes, cursor: Tick(cursor))
            }
            #expect(column.count == model.now.count)
            #expect(column.rows == RowSet(model.now.keys))
            for row in rows { #expect(column.value(of: row) == model.now[row]) }
            lastChecked = model.tick
        }
        #expect(column.changes(after: lastChecked).isEmpty)
    }

    /// The same question, row by row and page by page.
    private func expectRowsAndPagesAgree(_ column: Column, _ rows: [UInt32], _ whole: RowChanges, cursor: Tick) {
        var byRow = RowChanges()
        for row in rows {
            var one = RowChanges()
            one.add(row, of: column, after: cursor)
            byRow.entered = byRow.entered.union(one.entered)
            byRow.updated = byRow.updated.union(one.updated)
            byRow.left = byRow.left.union(one.left)
        }
        #expect(byRow == whole)
        var byPage = RowChanges()
        for page in 0..<column.pageCount {
            let one = column.changes(after: cursor, pages: page..<page + 1)
            byPage.entered = byPage.entered.union(one.entered)
            byPage.updated = byPage.updated.union(one.updated)
            byPage.left = byPage.left.union(one.left)
        }
        #expect(byPage == whole)
        #expect(column.changes(after: cursor, pages: 5000..<6000).isEmpty)
    }
}
