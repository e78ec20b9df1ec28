import OrrerySchema
package import OrreryStore

/// The order in which rows are shown: by the values of some fields, and last by the row itself, ascending. What is
/// missing comes last, whatever the direction.
///
/// A class, since a structure with as many references would be counted up and down for every row.
package final class RowOrder: Sendable {
    /// A key, ready to be read.
    fileprivate struct Key: Sendable {
        let reader: OperandReader
        let isFolded: Bool
        let isDescending: Bool
        /// Finds ranks of numbers; `nil` for texts and entities.
        let field: IndexedField?
    }

    private let keys: [Key]

    /// - Precondition: The keys were made with this table.
    package init(_ keys: [OrderKey], in table: ComponentTable) {
        self.keys = keys.map { key in
            let reader = OperandReader(key.operand, table)
            let hasNumbers =
                switch reader.reader.type {
                case .string, .entity: false
                default: true
                }
            return Key(
                reader: reader, isFolded: key.isFolded, isDescending: key.isDescending,
                field: hasNumbers ? IndexedField(key.operand, table) : nil)
        }
    }

    // MARK: Ranks

    /// The rank of what is missing. It is the last one, and others may have it too.
    package static let lastRank = UInt64.max

    /// Reads the ranks of rows, page by page: numbers that ascend as the first key does. Rows of one rank are told
    /// apart by ``precedes(_:_:in:)``.
    package struct RankReader {
        fileprivate let key: Key?
        fileprivate let store: ComponentStore
        fileprivate let pages: ScannedPages

        /// Appends those of some rows of a page that have no higher rank than another, ascending by row. The same as
        /// ``forEach(of:onPage:upTo:_:)``, and faster where most have a higher one.
        package func append(
            of rows: PageMask, onPage page: Int, upTo limit: UInt64, to list: inout [RankedRow]
        ) {
            guard let key, let field = key.field else {
                return forEach(of: rows, onPage: page, upTo: limit) { list.append($0) }
            }
            let first = UInt32(page * RowSet.pageRows)
            // A key of a field is at least 1, unless it is missing.
            if key.isDescending {
                field.forEachKey(of: rows, on: pages[page]) { row, value in
                    let rank = value == IndexedField.missing ? lastRank : ~value
                    if rank <= limit { list.append(RankedRow(rank: rank, row: first + UInt32(row))) }
                }
            } else {
                field.forEachKey(of: rows, on: pages[page]) { row, value in
                    let rank = value == IndexedField.missing ? lastRank : value - 1
                    if rank <= limit { list.append(RankedRow(rank: rank, row: first + UInt32(row))) }
                }
            }
        }

        /// Calls `body` with those of some rows of a page that have no higher rank than another, ascending by row.
        /// - Complexity: O(rows × length of the way to the field).
        package func forEach(
            of rows: PageMask, onPage page: Int, upTo limit: UInt64 = lastRank, _ body: (RankedRow) -> Void
        ) {
            let first = UInt32(page * RowSet.pageRows)
            @inline(__always)
            func take(_ row: Int, _ rank: UInt64) {
                if rank <= limit { body(RankedRow(rank: rank, row: first + UInt32(row))) }
            }
            guard let key else {
                rows.forEach { take($0, 0) }
                return
            }
            if let field = key.field {
                // A key of a field is at least 1, unless it is missing.
                let isDescending = key.isDescending
                field.forEachKey(of: rows, on: pages[page]) { row, value in
                    take(row, value == IndexedField.missing ? lastRank : isDescending ? ~value : value - 1)
                }
                return
            }
            let values = key.reader.rows(at: Matcher.Place(store: store, page: page))
            rows.forEach { row in
                var rank = lastRank
                values.read(row) { rank = key.rank(of: $0) }
                take(row, rank)
            }
        }
    }

    package func ranks(in store: ComponentStore) -> RankReader {
        let column = keys.first?.reader.column.map { store[$0] } ?? store.entities
        return RankReader(key: keys.first, store: store, pages: column.scanned)
    }

    // MARK: Places

    /// Where a row is, or was, in the order: its values.
    package struct Place: Hashable, Sendable {
        fileprivate let row: UInt32
        /// The rank of the row.
        package let rank: UInt64
        /// `nil` for what is missing.
        fileprivate let values: [ComparedValue?]
    }

    /// Where a row is now.
    package func place(of row: UInt32, in store: ComponentStore) -> Place {
        var rank = Self.lastRank
        ranks(in: store).forEach(
            of: PageMask(row: Int(row) % RowSet.pageRows), onPage: Int(row) / RowSet.pageRows
        ) { rank = $0.rank }
        return Place(
            row: row, rank: rank,
            values: keys.map { key in
                var value: ComparedValue?
                key.reader.read(row, in: store) { value = ComparedValue($0, isFolded: key.isFolded) }
                return value
            })
    }

    /// Whether a row comes before a place.
    package func precedes(_ row: UInt32, _ place: Place, in store: ComponentStore) -> Bool {
        for (key, value) in zip(keys, place.values) {
            let order = key.order(of: row, to: value, in: store)
            if order != 0 { return order < 0 }
        }
        return row < place.row
    }

    // MARK: Comparisons

    /// Whether one row comes before another.
    /// - Complexity: O(keys × length of the ways to their fields).
    package func precedes(_ left: UInt32, _ right: UInt32, in store: ComponentStore) -> Bool {
        for key in keys {
            let order = key.order(of: left, to: right, in: store)
            if order != 0 { return order < 0 }
        }
        return left < right
    }

    /// Rows in their order.
    /// - Complexity: O(n log n) comparisons.
    package func sorted(_ rows: RowSet, in store: ComponentStore) -> [UInt32] {
        guard !keys.isEmpty else { return rows.indexes }
        return ranked(rows, in: store).sorted { precedes($0, $1, in: store) }.map(\.row)
    }

    /// Whether one row comes before another of known rank.
    package func precedes(_ left: RankedRow, _ right: RankedRow, in store: ComponentStore) -> Bool {
        left.rank == right.rank ? precedes(left.row, right.row, in: store) : left.rank < right.rank
    }

    /// Rows with their ranks, ascending by row.
    func ranked(_ rows: RowSet, in store: ComponentStore) -> [RankedRow] {
        var ranked: [RankedRow] = []
        ranked.reserveCapacity(rows.count)
        let ranks = ranks(in: store)
        for (position, page) in rows.pages.enumerated() {
            ranks.forEach(of: rows.mask(at: position), onPage: Int(page)) { ranked.append($0) }
        }
        return ranked
    }
}

/// A row and its rank.
package struct RankedRow: Hashable, Sendable {
    package let rank: UInt64
    package let row: UInt32

    package init(rank: UInt64, row: UInt32) {
        self.rank = rank
        self.row = row
    }
}

extension RowOrder.Key {
    /// How a row compares with another: negative if it comes first.
    fileprivate func order(of left: UInt32, to right: UInt32, in store: ComponentStore) -> Int {
        var order: Int?
        var isMissing = (true, true)
        reader.read(left, in: store) { left in
            isMissing.0 = left.isMissing
            reader.read(right, in: store) { right in
                isMissing.1 = right.isMissing
                order = isFolded ? left.foldedOrder(to: right) : left.order(to: right)
            }
        }
        // The right one is read for itself where there is no left one.
        if isMissing.0 { reader.read(right, in: store) { isMissing.1 = $0.isMissing } }
        if isMissing.0 || isMissing.1 { return isMissing.0 == isMissing.1 ? 0 : isMissing.0 ? 1 : -1 }
        return (order ?? 0) * (isDescending ? -1 : 1)
    }

    /// How a row compares with a value: negative if it comes first.
    fileprivate func order(of row: UInt32, to value: ComparedValue?, in store: ComponentStore) -> Int {
        var own: ComparedValue?
        var order: Int?
        reader.read(row, in: store) { reading in
            // A folded text is compared with a folded one.
            own = ComparedValue(reading, isFolded: isFolded)
            guard let value, own != nil else { return }
            if isFolded, case .text(let text)? = own {
                order = text.withUnsafeBytes { value.order(of: .text($0)) }
            } else {
                order = value.order(of: reading)
            }
        }
        if own == nil || value == nil { return (own == nil ? 1 : 0) - (value == nil ? 1 : 0) }
        return (order ?? 0) * (isDescending ? -1 : 1)
    }

    /// The rank of a text or an entity.
    fileprivate func rank(of reading: Reading) -> UInt64 {
        let rank: UInt64
        switch reading {
        case .text(let text): rank = isFolded ? Self.rank(of: CaseFolding.folded(text)) : Self.rank(of: text)
        case .entity(let entity): rank = UInt64(entity.index) << 32 | UInt64(entity.generation)
        default: return RowOrder.lastRank
        }
        return isDescending ? ~rank : rank
    }

    /// The first bytes.
    private static func rank(of text: some Collection<UInt8>) -> UInt64 {
        var rank: UInt64 = 0
        var shift: UInt64 = 56
        for byte in text.prefix(8) {
            rank |= UInt64(byte) << shift
            shift = shift &- 8
        }
        return rank
    }
}

extension OperandReader {
    /// Calls `body` with what the operand is at a row, unless the component is not there.
    @inline(__always)
    fileprivate func read(_ row: UInt32, in store: ComponentStore, _ body: (Reading) -> Void) {
        let place = Matcher.Place(store: store, page: Int(row) / RowSet.pageRows)
        rows(at: place).read(Int(row) % RowSet.pageRows, body)
    }
}

extension ComparedValue {
    /// What has been read; `nil` if it is missing.
    fileprivate init?(_ reading: Reading, isFolded: Bool) {
        switch reading {
        case .missing, .none, .nan, .other: return nil
        case .integer(let value): self = .integer(value, isExact: true)
        case .number(let number): self = .number(number)
        case .text(let text): self = .text(isFolded ? CaseFolding.folded(text) : Array(text))
        case .position(let position): self = .position(position)
        case .entity(let entity): self = .entity(entity)
        case .bool(let value): self = .bool(value)
        }
    }
}

extension Reading {
    /// Whether it has no place in an order but the last.
    fileprivate var isMissing: Bool {
        switch self {
        case .missing, .none, .nan, .other: true
        case .integer, .number, .text, .position, .entity, .bool: false
        }
    }

    /// How two texts compare without regard to case.
    fileprivate func foldedOrder(to other: Reading) -> Int? {
        guard case .text(let left) = self, case .text(let right) = other else { return nil }
        let (foldedLeft, foldedRight) = (CaseFolding.folded(left), CaseFolding.folded(right))
        return foldedLeft.withUnsafeBytes { left in foldedRight.withUnsafeBytes { Reading.order(left, $0) } }
    }
}

extension CaseFolding {
    /// The folded text; the bytes themselves if they are no UTF-8.
    fileprivate static func folded(_ text: UnsafeRawBufferPointer) -> [UInt8] {
        String(validating: text, as: UTF8.self).map(folded) ?? Array(text)
    }
}

extension ComponentStore {
    /// Rows in an order that another process made. Keys that the components do not have decide nothing.
    /// - Complexity: O(n log n) comparisons, and O(n) without keys.
    package func sorted(_ rows: RowSet, by order: [OrderKey]) -> [UInt32] {
        order.isEmpty ? rows.indexes : RowOrder(order.filter { $0.fits(table) }, in: table).sorted(rows, in: self)
    }
}
