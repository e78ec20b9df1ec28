package import OrrerySchema

/// The rows of one component (or the entities themselves) as raw bytes, with the tick of each row's last change.
///
/// Rows are entity indexes, or what ``RowKind`` says. They are stored in pages of 1024 rows; a page is allocated when
/// its first row enters. The column of a resource has row 0 at most.
package final class Column {
    /// The size of every value in bytes, or `nil` if it varies.
    package let valueSize: Int?
    package let rowKind: RowKind
    private(set) var pages: [PageStorage?] = []
    package private(set) var count = 0
    /// When a row of the column last changed; tick 0 if none ever did.
    package private(set) var newestTick = Tick.zero
    /// Changes of rows so far: values set, rows entered and left.
    package private(set) var changeCount: UInt64 = 0
    /// Bytes of its values that were encoded so far. One encoding may go to many clients.
    package private(set) var encodedByteCount: UInt64 = 0
    private let size: StoreSize
    /// This column's share of `size`.
    private(set) var heldSize = 0
    /// The part of that which is outside the pages: values of varying size.
    private var varyingSize = 0

    /// The bytes that it takes: pages and values.
    package var byteCount: Int { heldSize }

    package convenience init(valueSize: Int?) {
        self.init(valueSize: valueSize, countedBy: StoreSize())
    }

    /// - Parameter size: The total that also counts the bytes of this column.
    init(valueSize: Int?, rowKind: RowKind = .entities, countedBy size: StoreSize) {
        self.valueSize = valueSize
        self.rowKind = rowKind
        self.size = size
    }

    /// Whether it has the value of a resource instead of the values of entities.
    package var isResource: Bool { rowKind == .resource }

    deinit {
        for page in pages { page?.deallocate() }
    }

    /// Discards all rows, and removes their bytes from the store's count.
    func discard() {
        grow(by: -heldSize)
        varyingSize = 0
        for page in pages { page?.deallocate() }
        pages = []
        count = 0
        newestTick = .zero
    }

    /// Asserts what must hold between two ticks.
    /// - Complexity: O(pages).
    func checkInvariants(tick: Tick) {
        assert(count == pages.reduce(0) { $0 + ($1?.presentCount ?? 0) }, "the rows of all pages are counted")
        assert(!isResource || count == (contains(Entity.resource.index) ? 1 : 0), "a resource has one row")
        assert(varyingSize >= 0 && heldSize >= varyingSize, "values are a part of what a column holds")
        assert(newestTick == pages.reduce(.zero) { max($0, $1?.newestTick ?? .zero) }, "the newest change is known")
        for page in pages { page?.checkInvariants(tick: tick) }
    }

    private func grow(by byteCount: Int) {
        heldSize += byteCount
        size.byteCount += byteCount
    }

    private func page(of index: UInt32) -> PageStorage? {
        let number = Int(index) / RowSet.pageRows
        return number < pages.count ? pages[number] : nil
    }

    private func madePage(of index: UInt32) -> PageStorage {
        let number = Int(index) / RowSet.pageRows
        if number < pages.count, let page = pages[number] { return page }
        grow(by: pageGrowth(number))
        if number >= pages.count { pages.append(contentsOf: repeatElement(nil, count: number + 1 - pages.count)) }
        let page = PageStorage(valueSize: valueSize)
        pages[number] = page
        return page
    }

    /// The bytes that a new page takes, including its place in the table of pages. (A growing array takes at most twice
    /// what it needs.)
    private func pageGrowth(_ number: Int) -> Int {
        PageStorage.byteCount(valueSize: valueSize)
            + max(0, number + 1 - pages.count) * 2 * MemoryLayout<PageStorage?>.stride
    }

    /// The bytes that a value of varying size takes outside its page.
    private static func heldByteCount(_ valueByteCount: Int) -> Int {
        valueByteCount == 0 ? 0 : 32 + valueByteCount
    }

    /// The bytes of all values together; for values of varying size, including the overhead of each.
    /// - Complexity: O(1).
    package var valuesByteCount: Int { valueSize.map { $0 * count } ?? varyingSize }

    private func growVarying(by byteCount: Int) {
        varyingSize += byteCount
        grow(by: byteCount)
    }

    /// The additional bytes that the store takes once a row has a value of `byteCount` bytes; negative if the row's
    /// present value is longer.
    /// - Complexity: O(1).
    package func growth(setting index: UInt32, byteCount: Int) -> Int {
        guard let page = page(of: index) else {
            return pageGrowth(Int(index) / RowSet.pageRows) + (valueSize == nil ? Self.heldByteCount(byteCount) : 0)
        }
        guard valueSize == nil else { return 0 }
        let held = page.withValue(of: Self.row(index)) { $0.count }
        return Self.heldByteCount(byteCount) - Self.heldByteCount(held)
    }

    static func row(_ index: UInt32) -> Int { Int(index) % RowSet.pageRows }

    package func contains(_ index: UInt32) -> Bool { page(of: index)?.contains(Self.row(index)) ?? false }

    /// When the row last changed (its value, its entering or leaving); tick 0 for a row that was never present.
    package func tick(of index: UInt32) -> Tick { page(of: index)?.tick(of: Self.row(index)) ?? .zero }

    /// When the row last entered or left; tick 0 for a row that was never present.
    package func membershipTick(of index: UInt32) -> Tick {
        page(of: index)?.membershipTick(of: Self.row(index)) ?? .zero
    }

    /// Calls `body` with the bytes of a present row.
    /// - Returns: `nil` for an absent one.
    /// - Complexity: O(1).
    package func withValue<R, Failure: Error>(
        of index: UInt32, _ body: (UnsafeRawBufferPointer) throws(Failure) -> R
    ) throws(Failure) -> R? {
        guard let page = page(of: index), page.contains(Self.row(index)) else { return nil }
        return try page.withValue(of: Self.row(index), body)
    }

    /// The bytes of a present row of a column of fixed size, valid until the column changes; `nil` for an absent one.
    ///
    /// Does the same as ``withValue(of:_:)`` without a generic closure: the fast way across modules.
    /// - Complexity: O(1).
    package func fixedValue(of index: UInt32) -> UnsafeRawBufferPointer? {
        guard let page = page(of: index), page.contains(Self.row(index)) else { return nil }
        return page.values(from: Self.row(index), count: 1)
    }

    /// The size of the value of a row in bytes; 0 for an absent row.
    package func byteCount(of index: UInt32) -> Int { withValue(of: index) { $0.count } ?? 0 }

    /// The bytes of a present row, copied.
    package func value(of index: UInt32) -> [UInt8]? { withValue(of: index) { Array($0) } }

    /// Sets the value of a present row, or adds the row with it.
    /// - Precondition: the value has the column's size, and nothing in the column has changed after `tick`.
    /// - Returns: Whether anything changed: a value that the row already has is not written again.
    @discardableResult
    package func set(_ index: UInt32, to value: UnsafeRawBufferPointer, at tick: Tick) -> Bool {
        let page = madePage(of: index)
        // The page exists now, so this is what the value itself takes.
        if valueSize == nil { growVarying(by: growth(setting: index, byteCount: value.count)) }
        let before = page.presentCount
        let changed = page.set(Self.row(index), value, at: tick)
        count += page.presentCount - before
        if changed { note(1, at: tick) }
        return changed
    }

    private func note(_ changes: Int, at tick: Tick) {
        newestTick = tick
        changeCount &+= UInt64(changes)
    }

    package func noteEncoded(byteCount: Int) { encodedByteCount &+= UInt64(byteCount) }

    @discardableResult
    package func set(_ index: UInt32, to value: [UInt8], at tick: Tick) -> Bool {
        value.withUnsafeBytes { set(index, to: $0, at: tick) }
    }

    /// Sets the rows of entities, in any order, from one packed column of values of fixed size.
    /// - Precondition: there are as many values as entities, and nothing in the column has changed after `tick`.
    /// - Returns: how many rows changed.
    /// - Complexity: O(n); consecutive rows are compared and copied 64 at a time.
    @discardableResult
    package func set(
        _ entities: UnsafeBufferPointer<Entity>, to values: UnsafeRawBufferPointer, at tick: Tick
    ) -> Int {
        guard let valueSize else { preconditionFailure("a column whose values vary in size is set row by row") }
        precondition(values.count == entities.count * valueSize, "as many values as entities")
        guard var number = entities.first.map({ Int($0.index) / RowSet.pageRows }) else { return 0 }
        var page = madePage(of: entities[0].index)
        var (changed, entered) = (0, 0)
        var position = 0
        while position < entities.count {
            let first = entities[position].index
            let end = position + min(entities.count - position, RowSet.pageRows - Self.row(first))
            var next = position + 1
            while next < end, entities[next].index == first + UInt32(next - position) { next += 1 }
            if Int(first) / RowSet.pageRows != number {
                number = Int(first) / RowSet.pageRows
                page = madePage(of: first)
            }
            let before = page.presentCount
            changed += page.set(
                Self.row(first), count: next - position,
                UnsafeRawBufferPointer(rebasing: values[position * valueSize..<next * valueSize]), at: tick)
            entered += page.presentCount - before
            position = next
        }
        count += entered
        if changed > 0 { note(changed, at: tick) }
        return changed
    }

    /// Whether consecutive rows, within 64 rows as ``RowSet/forEachRun(_:)`` gives them, are all present.
    package func containsAll(from first: UInt32, count: Int) -> Bool {
        page(of: first)?.containsAll(from: Self.row(first), count: count) ?? false
    }

    /// Calls `body` with the packed values of such consecutive rows. Columns of fixed size only.
    /// - Precondition: all of them are present.
    package func withValues<R>(from first: UInt32, count: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        guard let page = page(of: first), page.containsAll(from: Self.row(first), count: count) else {
            preconditionFailure("one of the \(count) rows from \(first) on is absent")
        }
        return body(page.values(from: Self.row(first), count: count))
    }

    /// Sets such consecutive rows from packed values, each as ``set(_:to:at:)-(UInt32,_,_)`` does. Columns of fixed
    /// size only.
    /// - Returns: how many rows changed.
    @discardableResult
    package func set(from first: UInt32, count: Int, to values: UnsafeRawBufferPointer, at tick: Tick) -> Int {
        precondition(valueSize.map { $0 * count } == values.count, "as many values as rows")
        let page = madePage(of: first)
        let before = page.presentCount
        let changed = page.set(Self.row(first), count: count, values, at: tick)
        self.count += page.presentCount - before
        if changed > 0 { note(changed, at: tick) }
        return changed
    }

    /// Removes a row. Does nothing if the row is absent.
    package func remove(_ index: UInt32, at tick: Tick) {
        guard let page = page(of: index), page.contains(Self.row(index)) else { return }
        if valueSize == nil { growVarying(by: growth(setting: index, byteCount: 0)) }
        page.remove(Self.row(index), at: tick)
        count -= 1
        note(1, at: tick)
    }

    /// The rows that are present.
    package var rows: RowSet {
        var result = RowSet()
        for (number, page) in pages.enumerated() {
            guard let page, page.presentCount > 0 else { continue }
            for word in 0..<RowSet.pageWords {
                result.append(word: page.presentWord(word), at: word, page: UInt32(number))
            }
        }
        return result
    }

    /// The most bytes of values that are copied by way of the stack.
    private static let stagedByteCountMax = 4096

    /// Appends the packed values of rows. Columns of fixed size only.
    /// - Precondition: All of them are present: absent values must not reach the wire.
    /// - Complexity: O(rows); one look-up per page.
    package func appendValues(of rows: RowSet, to writer: inout ByteWriter) {
        guard let valueSize else { preconditionFailure("values of varying size are appended one by one") }
        // A property of a class is checked for exclusive access at each use.
        let pages = pages
        // One allocation on the stack and one copy, unless the values are many.
        let byteCount = rows.count * valueSize
        if byteCount <= Self.stagedByteCountMax {
            withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 1) { buffer in
                copy(into: buffer)
                writer.append(contentsOf: UnsafeRawBufferPointer(buffer))
            }
        } else {
            writer.append(uninitializedCount: byteCount, copy)
        }

        func copy(into buffer: UnsafeMutableRawBufferPointer) {
            guard var target = buffer.baseAddress else { return }
            for (position, number) in rows.pages.enumerated() {
                guard Int(number) < pages.count, let page = pages[Int(number)] else {
                    preconditionFailure("page \(number) has no rows")
                }
                for word in 0..<RowSet.pageWords {
                    let bits = rows.words[position * RowSet.pageWords + word]
                    precondition(page.presentWord(word) & bits == bits, "one of the rows is absent")
                    target = page.copyValues(of: bits, word: word, to: target)
                }
            }
        }
    }

    /// Appends the packed values of rows in a list, ascending. Columns of fixed size only.
    /// - Precondition: All of them are present.
    /// - Complexity: O(rows); one look-up per page.
    package func appendValues(of rows: [UInt32], to writer: inout ByteWriter) {
        guard let valueSize else { preconditionFailure("values of varying size are appended one by one") }
        let pages = pages
        writer.append(uninitializedCount: rows.count * valueSize) { buffer in
            guard var target = buffer.baseAddress else { return }
            var (number, page): (Int, PageStorage?) = (-1, nil)
            for index in rows {
                if Int(index) / RowSet.pageRows != number {
                    number = Int(index) / RowSet.pageRows
                    page = number < pages.count ? pages[number] : nil
                }
                guard let page, page.contains(Self.row(index)) else { preconditionFailure("row \(index) is absent") }
                page.copyValue(of: Self.row(index), to: target)
                target += valueSize
            }
        }
    }
}
