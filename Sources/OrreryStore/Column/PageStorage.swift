import OrrerySchema

/// 1024 rows of one column in raw memory: which rows are present, the values, and when each row changed.
///
/// A row that left keeps the tick at which it left. So changes after a tick include rows that are gone, without a list
/// of them.
struct PageStorage {
    private struct Header {
        /// The tick of the newest change in this page; `newest` holds the rows of that change.
        var newestTick: UInt64 = 0
        /// No change of this page lies between this tick and the newest.
        var previousTick: UInt64 = 0
        /// The tick of the newest entering or leaving.
        var newestMembershipTick: UInt64 = 0
        var presentCount = 0
    }

    private let base: UnsafeMutableRawPointer
    /// The size of a value in bytes, or `nil` if it varies.
    private let valueSize: Int?

    private static let headerSize = 64
    private static let bitmapSize = RowSet.pageWords * 8
    private static let ticksSize = RowSet.pageRows * 8
    private static let valuesOffset = headerSize + 2 * bitmapSize + 2 * ticksSize

    init(valueSize: Int?) {
        self.valueSize = valueSize
        let byteCount = Self.byteCount(valueSize: valueSize)
        base = .allocate(byteCount: byteCount, alignment: 64)
        // This includes the values: a read of an absent row gives zeros, and nothing that the process had there before.
        base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        base.initializeMemory(as: Header.self, to: Header())
        if valueSize == nil { bytes.initialize(repeating: [], count: RowSet.pageRows) }
    }

    /// The bytes that a page takes, without the contents of values of varying size.
    static func byteCount(valueSize: Int?) -> Int {
        valuesOffset + RowSet.pageRows * (valueSize ?? MemoryLayout<[UInt8]>.stride)
    }

    func deallocate() {
        if valueSize == nil { bytes.deinitialize(count: RowSet.pageRows) }
        base.deallocate()
    }

    private var header: UnsafeMutablePointer<Header> { base.assumingMemoryBound(to: Header.self) }
    private var present: UnsafeMutablePointer<UInt64> {
        (base + Self.headerSize).assumingMemoryBound(to: UInt64.self)
    }
    private var newest: UnsafeMutablePointer<UInt64> {
        (base + Self.headerSize + Self.bitmapSize).assumingMemoryBound(to: UInt64.self)
    }
    /// The tick of the last change of each row: value, entering or leaving. 0: never.
    private var ticks: UnsafeMutablePointer<UInt64> {
        (base + Self.headerSize + 2 * Self.bitmapSize).assumingMemoryBound(to: UInt64.self)
    }
    /// The tick at which each row last entered or left.
    private var membershipTicks: UnsafeMutablePointer<UInt64> { ticks + RowSet.pageRows }
    private var values: UnsafeMutableRawPointer { base + Self.valuesOffset }
    private var bytes: UnsafeMutablePointer<[UInt8]> { values.assumingMemoryBound(to: [UInt8].self) }

    var handle: PageHandle {
        PageHandle(
            present: UnsafePointer(present), values: UnsafeRawPointer(values), valueSize: valueSize)
    }

    var presentCount: Int { header.pointee.presentCount }
    var newestTick: Tick { Tick(header.pointee.newestTick) }

    /// Asserts what must hold between two ticks.
    func checkInvariants(tick: Tick) {
        let words = 0..<RowSet.pageWords
        assert(presentCount == words.reduce(0) { $0 + present[$1].nonzeroBitCount }, "present rows are counted")
        assert(newestTick <= tick, "no row changes before its tick has come")
        assert(header.pointee.newestMembershipTick <= header.pointee.newestTick, "who enters or leaves changes")
        assert(
            header.pointee.newestTick == 0 || header.pointee.previousTick < header.pointee.newestTick,
            "the newest change is later than the one before")
    }

    func contains(_ row: Int) -> Bool { present[row / 64] & (1 << UInt64(row % 64)) != 0 }
    func presentWord(_ word: Int) -> UInt64 { present[word] }
    func tick(of row: Int) -> Tick { Tick(ticks[row]) }
    func membershipTick(of row: Int) -> Tick { Tick(membershipTicks[row]) }

    func withValue<R, Failure: Error>(
        of row: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> R
    ) throws(Failure) -> R {
        if let valueSize {
            return try body(UnsafeRawBufferPointer(start: values + row * valueSize, count: valueSize))
        }
        let array = bytes[row]
        let result = array.withUnsafeBytes { buffer in Result { () throws(Failure) in try body(buffer) } }
        return try result.get()
    }

    /// Whether consecutive rows are all present.
    /// - Precondition: The rows are in one word of 64 rows.
    func containsAll(from row: Int, count: Int) -> Bool {
        let rows = (UInt64.max >> UInt64(64 - count)) << UInt64(row % 64)
        return present[row / 64] & rows == rows
    }

    /// The values of consecutive rows. Columns of fixed size only.
    func values(from row: Int, count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: values + row * valueSize!, count: count * valueSize!)
    }

    /// A value of four bytes, little-endian.
    func word32(of row: Int) -> UInt32 {
        UInt32(littleEndian: (values + row * 4).loadUnaligned(as: UInt32.self))
    }

    /// Copies the value of a row, of fixed size.
    @inline(__always)
    func copyValue(of row: Int, to target: UnsafeMutableRawPointer) {
        let source = values + row * valueSize!
        switch valueSize! {
        // The usual sizes need no call.
        case 4: target.copyMemory(from: source, byteCount: 4)
        case 8: target.copyMemory(from: source, byteCount: 8)
        case 12: target.copyMemory(from: source, byteCount: 12)
        case 16: target.copyMemory(from: source, byteCount: 16)
        case let size: target.copyMemory(from: source, byteCount: size)
        }
    }

    /// Copies the values of some of 64 rows, of fixed size, one after the other.
    /// - Returns: The end of the copies.
    @inline(__always)
    func copyValues(
        of rows: UInt64, word: Int, to target: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        let size = valueSize!
        var (target, rest, row) = (target, rows, word * 64)
        while rest != 0 {
            let gap = rest.trailingZeroBitCount
            let length = (~(rest >> UInt64(gap))).trailingZeroBitCount
            target.copyMemory(from: values + (row + gap) * size, byteCount: length * size)
            target += length * size
            row += gap + length
            rest = gap + length == 64 ? 0 : rest >> UInt64(gap + length)
        }
        return target
    }

    /// Sets the value of a present row, or makes the row present.
    /// - Returns: Whether anything changed: a present row that already has this value is not written.
    @discardableResult
    func set(_ row: Int, _ value: UnsafeRawBufferPointer, at tick: Tick) -> Bool {
        let entered = !contains(row)
        if let valueSize {
            precondition(value.count == valueSize, "a value of \(value.count) bytes in a column of \(valueSize)")
            let target = values + row * valueSize
            if !entered, value.elementsEqual(UnsafeRawBufferPointer(start: target, count: valueSize), size: valueSize) {
                return false
            }
            if valueSize > 0 { target.copyMemory(from: value.baseAddress!, byteCount: valueSize) }
        } else {
            if !entered, bytes[row].withUnsafeBytes({ $0.count == value.count && $0.elementsEqual(value) }) {
                return false
            }
            bytes[row] = Array(value)
        }
        mark(row, at: tick)
        if entered {
            present[row / 64] |= 1 << UInt64(row % 64)
            header.pointee.presentCount += 1
            markMembership(row, at: tick)
        }
        return true
    }

    /// Sets the values of consecutive rows, of fixed size, each as ``set(_:_:at:)`` does.
    /// - Returns: how many rows changed.
    func set(_ first: Int, count: Int, _ source: UnsafeRawBufferPointer, at tick: Tick) -> Int {
        let size = valueSize!
        var changedCount = 0
        var row = first
        while row < first + count {
            let length = min(64 - row % 64, first + count - row)
            let rows = (UInt64.max >> UInt64(64 - length)) << UInt64(row % 64)
            let entering = rows & ~present[row / 64]
            let source = UnsafeRawBufferPointer(
                rebasing: source[(row - first) * size..<(row - first + length) * size])
            var changed = entering
            if entering != rows {
                changed |= rows & (differingRows(from: row, length, source, size: size) << UInt64(row % 64))
            }
            if changed == rows {
                if size > 0 { (values + row * size).copyMemory(from: source.baseAddress!, byteCount: length * size) }
                // The first row begins the tick in this page.
                mark(row, at: tick)
                newest[row / 64] |= rows
                (ticks + row).update(repeating: tick.rawValue, count: length)
            } else {
                Self.forEachBit(of: changed) { bit in
                    let target = row / 64 * 64 + bit
                    if size > 0 {
                        (values + target * size).copyMemory(
                            from: source.baseAddress! + (target - row) * size, byteCount: size)
                    }
                    mark(target, at: tick)
                }
            }
            if entering != 0 {
                present[row / 64] |= entering
                header.pointee.presentCount += entering.nonzeroBitCount
                Self.forEachBit(of: entering) { markMembership(row / 64 * 64 + $0, at: tick) }
            }
            changedCount += changed.nonzeroBitCount
            row += length
        }
        return changedCount
    }

    @inline(__always)
    private static func forEachBit(of bits: UInt64, _ body: (Int) -> Void) {
        var bits = bits
        while bits != 0 {
            body(bits.trailingZeroBitCount)
            bits &= bits - 1
        }
    }

    /// Which of up to 64 rows differ from the source; the first in the lowest bit.
    private func differingRows(from row: Int, _ count: Int, _ source: UnsafeRawBufferPointer, size: Int) -> UInt64 {
        let target = UnsafeRawBufferPointer(start: values + row * size, count: count * size)
        // The usual sizes need no loop for each row.
        switch size {
        case 0: return 0
        case 4: return Self.rows(count) { source.word32($0 * 4) != target.word32($0 * 4) }
        case 8: return Self.rows(count) { source.word64($0 * 8) != target.word64($0 * 8) }
        case 12:
            return Self.rows(count) {
                (source.word64($0 * 12) ^ target.word64($0 * 12))
                    | UInt64(source.word32($0 * 12 + 8) ^ target.word32($0 * 12 + 8)) != 0
            }
        case 16:
            return Self.rows(count) {
                (source.word64($0 * 16) ^ target.word64($0 * 16))
                    | (source.word64($0 * 16 + 8) ^ target.word64($0 * 16 + 8)) != 0
            }
        default:
            return Self.rows(count) { row in
                let bytes = row * size..<(row + 1) * size
                let other = UnsafeRawBufferPointer(rebasing: target[bytes])
                return !UnsafeRawBufferPointer(rebasing: source[bytes]).elementsEqual(other, size: size)
            }
        }
    }

    @inline(__always)
    private static func rows(_ count: Int, where isIncluded: (Int) -> Bool) -> UInt64 {
        var bits: UInt64 = 0
        for row in 0..<count { bits |= (isIncluded(row) ? 1 : 0) &<< UInt64(row) }
        return bits
    }

    /// Makes a row absent. Does nothing if it already is.
    func remove(_ row: Int, at tick: Tick) {
        guard contains(row) else { return }
        present[row / 64] &= ~(1 << UInt64(row % 64))
        header.pointee.presentCount -= 1
        if valueSize == nil { bytes[row] = [] }
        mark(row, at: tick)
        markMembership(row, at: tick)
    }

    private func markMembership(_ row: Int, at tick: Tick) {
        membershipTicks[row] = tick.rawValue
        header.pointee.newestMembershipTick = tick.rawValue
    }

    private func mark(_ row: Int, at tick: Tick) {
        if header.pointee.newestTick != tick.rawValue {
            precondition(tick.rawValue > header.pointee.newestTick, "rows do not change in the past")
            header.pointee.previousTick = header.pointee.newestTick
            header.pointee.newestTick = tick.rawValue
            newest.update(repeating: 0, count: RowSet.pageWords)
        }
        newest[row / 64] |= 1 << UInt64(row % 64)
        ticks[row] = tick.rawValue
    }

    /// Which of 64 rows changed after `cursor`.
    /// - Complexity: O(1) when the cursor lies within the newest change, else O(64).
    func changed(word: Int, after cursor: Tick) -> UInt64 {
        if cursor.rawValue >= header.pointee.newestTick { return 0 }
        if cursor.rawValue >= header.pointee.previousTick { return newest[word] }
        return Self.rows(ticks + word * 64, after: cursor)
    }

    /// The rows that changed after `cursor`.
    func changedMask(after cursor: Tick) -> PageMask {
        if cursor.rawValue >= header.pointee.newestTick { return .zero }
        if cursor.rawValue >= header.pointee.previousTick {
            return UnsafeRawPointer(newest).loadUnaligned(as: PageMask.self)
        }
        var mask = PageMask.zero
        for word in 0..<RowSet.pageWords { mask[word] = changed(word: word, after: cursor) }
        return mask
    }

    /// Whether a row changed after `cursor`. For a cursor within the newest change it reads a bitmap that stays in the
    /// cache, and not the row's tick.
    func isChanged(_ row: Int, after cursor: Tick) -> Bool {
        if cursor.rawValue >= header.pointee.newestTick { return false }
        if cursor.rawValue >= header.pointee.previousTick { return newest[row / 64] & (1 << UInt64(row % 64)) != 0 }
        return ticks[row] > cursor.rawValue
    }

    /// Whether a row entered or left after `cursor`.
    func hasMoved(_ row: Int, after cursor: Tick) -> Bool {
        cursor.rawValue < header.pointee.newestMembershipTick && membershipTicks[row] > cursor.rawValue
    }

    /// Which of 64 rows entered or left after `cursor`.
    func membershipChanged(word: Int, after cursor: Tick) -> UInt64 {
        if cursor.rawValue >= header.pointee.newestMembershipTick { return 0 }
        return Self.rows(membershipTicks + word * 64, after: cursor)
    }

    private static func rows(_ ticks: UnsafeMutablePointer<UInt64>, after cursor: Tick) -> UInt64 {
        var bits: UInt64 = 0
        for row in 0..<64 where ticks[row] > cursor.rawValue { bits |= 1 << UInt64(row) }
        return bits
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    fileprivate func word64(_ offset: Int) -> UInt64 { loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
    @inline(__always)
    fileprivate func word32(_ offset: Int) -> UInt32 { loadUnaligned(fromByteOffset: offset, as: UInt32.self) }

    /// Whether the first `size` bytes of both are the same.
    @inline(__always)
    fileprivate func elementsEqual(_ other: UnsafeRawBufferPointer, size: Int) -> Bool {
        var offset = 0
        while offset + 8 <= size {
            if loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                != other.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            {
                return false
            }
            offset += 8
        }
        while offset < size {
            if self[offset] != other[offset] { return false }
            offset += 1
        }
        return true
    }
}
