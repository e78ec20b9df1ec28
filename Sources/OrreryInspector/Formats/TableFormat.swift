package import OrrerySchema
package import OrreryStore

/// Entities as a table for people: a column for each field, numbers right-aligned, `-` for missing values.
package struct TableFormat: Sendable {
    /// The maximum number of terminal columns for one cell.
    package static let cellWidthMax = 40

    package private(set) var undecodable = UndecodableValues()
    private let components: [ShownComponent]

    package init(_ components: [ShownComponent]) {
        self.components = components
    }

    /// The table of these entities.
    package mutating func table(of entities: some Sequence<Entity>, in store: ComponentStore) -> Table {
        var table = Table()
        table.addColumn("entity", isNumber: false)
        for component in components {
            for leaf in component.leaves {
                let unit = leaf.unit.map { " [\($0)]" } ?? ""
                table.addColumn(DisplayText.printable(component.title(of: leaf) + unit), isNumber: leaf.isNumber)
            }
        }
        var cell: [UInt8] = []
        for entity in entities {
            cell.removeAll(keepingCapacity: true)
            cell.append(entity: entity)
            table.add(cell)
            for component in components { append(component, of: entity, in: store, to: &table, &cell) }
        }
        return table
    }

    private mutating func append(
        _ component: ShownComponent, of entity: Entity, in store: ComponentStore, to table: inout Table,
        _ cell: inout [UInt8]
    ) {
        let missing = [UInt8(ascii: "-")]
        let cellCount = table.cellCount
        let isPresent: Void? = store.withValue(of: entity, in: component.column) { value in
            do throws(CodecError) {
                var reader = ByteReader(value)
                for leaf in component.leaves {
                    cell.removeAll(keepingCapacity: true)
                    table.add(try cell.append(leaf: leaf, &reader, .readable) ? cell : Array("null".utf8))
                }
                try reader.expectEnd()
            } catch {
                table.removeCells(after: cellCount)
                for _ in component.leaves { table.add(Array("null".utf8)) }
                undecodable.note(component.schema, of: entity, error)
            }
        }
        if isPresent == nil { for _ in component.leaves { table.add(missing) } }
    }
}

/// Cells in columns, with the width that each column needs.
package struct Table: Sendable {
    /// The space between two columns.
    static let gap = 2

    package struct Column: Hashable, Sendable {
        package let title: String
        package let isNumber: Bool
        package fileprivate(set) var width: Int
    }

    package private(set) var columns: [Column] = []
    /// The text of all cells, one row after the other.
    private var text: [UInt8] = []
    private var cells: [(end: Int, width: Int)] = []

    init() {}

    package var rowCount: Int { cells.count / columns.count }
    fileprivate var cellCount: Int { cells.count }

    mutating func addColumn(_ title: String, isNumber: Bool) {
        columns.append(Column(title: title, isNumber: isNumber, width: DisplayText.width(of: title)))
    }

    /// Adds the next cell: printable text.
    mutating func add(_ cell: [UInt8]) {
        var width = cell.count
        if cell.contains(where: { $0 >= 0x80 }) || width > TableFormat.cellWidthMax {
            let cut = DisplayText.cut(String(decoding: cell, as: UTF8.self), to: TableFormat.cellWidthMax)
            width = DisplayText.width(of: cut)
            text.append(text: cut)
        } else {
            text.append(contentsOf: cell)
        }
        let column = cells.count % columns.count
        columns[column].width = max(columns[column].width, width)
        cells.append((text.count, width))
    }

    fileprivate mutating func removeCells(after count: Int) {
        cells.removeSubrange(count...)
        text.removeSubrange((cells.last?.end ?? 0)...)
    }

    /// Makes columns at least as wide as those of another table with the same titles.
    mutating func widen(to other: [Column]) {
        guard columns.map(\.title) == other.map(\.title) else { return }
        for index in columns.indices { columns[index].width = max(columns[index].width, other[index].width) }
    }

    /// The number of columns, from the left, that fit into a width.
    func columnCount(fitting widthMax: Int) -> Int {
        var width = -Table.gap
        for (index, column) in columns.enumerated() {
            width += Table.gap + column.width
            if width > widthMax { return index }
        }
        return columns.count
    }

    /// Appends the header line, without a line end or spaces after the last title.
    func appendHeader(columnCount: Int, to out: inout [UInt8]) {
        for (index, column) in columns.prefix(columnCount).enumerated() {
            let width = DisplayText.width(of: column.title)
            append(Array(column.title.utf8)[...], width: width, in: index, isLast: index == columnCount - 1, to: &out)
        }
    }

    /// Appends one row in the same way.
    func append(row: Int, columnCount: Int, to out: inout [UInt8]) {
        for index in 0..<columnCount {
            let number = row * columns.count + index
            let start = number == 0 ? 0 : cells[number - 1].end
            let cell = cells[number]
            append(text[start..<cell.end], width: cell.width, in: index, isLast: index == columnCount - 1, to: &out)
        }
    }

    private func append(_ cell: ArraySlice<UInt8>, width: Int, in index: Int, isLast: Bool, to out: inout [UInt8]) {
        let column = columns[index]
        let padding = repeatElement(UInt8(ascii: " "), count: column.width - width)
        if column.isNumber { out.append(contentsOf: padding) }
        out.append(contentsOf: cell)
        guard !isLast else { return }
        if !column.isNumber { out.append(contentsOf: padding) }
        out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: Table.gap))
    }

    /// Appends the header and the rows, one line each.
    package func append(to out: inout [UInt8]) {
        appendHeader(columnCount: columns.count, to: &out)
        out.append(UInt8(ascii: "\n"))
        for row in 0..<rowCount {
            append(row: row, columnCount: columns.count, to: &out)
            out.append(UInt8(ascii: "\n"))
        }
    }
}
