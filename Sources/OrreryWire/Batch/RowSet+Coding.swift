import OrrerySchema
import OrreryStore

/// The bytes of a row set: ascending deltas or a bitmap, whichever is shorter. docs/PROTOCOL.md, section "Rows".
private enum RowForm {
    static let deltas: UInt8 = 0
    static let bitmap: UInt8 = 1
}

/// The encoding of a row set that is about to be written: its form, and its size.
struct RowsOnWire {
    let rows: RowSet
    /// Bytes of the whole set, including its form and count.
    let byteCount: Int
    fileprivate let isBitmap: Bool
    /// The first byte of the bitmap, counted in a bitmap of all indexes, and the number of bytes from there.
    fileprivate let start: Int
    fileprivate let bitmapSize: Int

    /// Chooses the shorter form; deltas if both have the same length.
    /// - Precondition: The set is not empty.
    /// - Complexity: O(1) for a dense set, else O(rows).
    init(_ rows: RowSet) {
        guard let first = rows.first, let last = rows.last else { preconditionFailure("an empty row set") }
        self.rows = rows
        let bitmapCost: Int
        (start, bitmapSize, bitmapCost) = Self.bitmapSize(from: first, to: last)
        // A delta takes at least one byte.
        var deltaCost = rows.count
        if deltaCost <= bitmapCost {
            deltaCost = rows.gapsByteCount
        }
        isBitmap = bitmapCost < deltaCost
        byteCount = 1 + rows.count.varintSize + min(bitmapCost, deltaCost)
    }

    /// The first byte of a bitmap, the number of its bytes, and the bytes that it takes with both numbers.
    static func bitmapSize(from first: UInt32, to last: UInt32) -> (start: Int, size: Int, total: Int) {
        let start = Int(first) / 8
        let size = Int(last) / 8 + 1 - start
        return (start, size, start.varintSize + size.varintSize + size)
    }

    /// The bytes of the gaps of some rows, ascending, with form and count; `nil` if a bitmap is shorter.
    static func byteCountOfGaps(_ rows: [UInt32]) -> Int? {
        guard let first = rows.first, let last = rows.last else { preconditionFailure("no rows") }
        let byteCount = rows.gapsByteCount
        guard bitmapSize(from: first, to: last).total >= byteCount else { return nil }
        return 1 + rows.count.varintSize + byteCount
    }
}

extension Int {
    /// The bytes of this number as a varint.
    var varintSize: Int { Swift.max(1, (Int.bitWidth - leadingZeroBitCount + 6) / 7) }
}

extension ByteWriter {
    mutating func append(_ encoding: RowsOnWire) {
        guard !encoding.isBitmap else {
            append(bitmap: encoding.rows, start: encoding.start, size: encoding.bitmapSize)
            return
        }
        append(RowForm.deltas)
        append(varint: encoding.rows.count)
        encoding.rows.appendGaps(byteCount: encoding.byteCount - 1 - encoding.rows.count.varintSize, to: &self)
    }

    /// Appends rows by their gaps.
    mutating func append(deltas gaps: UnsafeRawBufferPointer, count: Int) {
        append(RowForm.deltas)
        append(varint: count)
        append(contentsOf: gaps)
    }

    /// Appends rows, ascending, by their gaps.
    mutating func append(gapsOf rows: [UInt32]) {
        append(RowForm.deltas)
        append(varint: rows.count)
        rows.appendGaps(to: &self)
    }

    private mutating func append(bitmap rows: RowSet, start: Int, size: Int) {
        append(RowForm.bitmap)
        append(varint: rows.count)
        append(varint: start)
        append(varint: size)
        append(uninitializedCount: size) { target in
            rows.forEachWord { firstRow, bits in
                var bits = bits.littleEndian
                let offset = Int(firstRow) / 8 - start
                withUnsafeBytes(of: &bits) { source in
                    let from = max(0, -offset)
                    let to = min(8, size - offset)
                    guard from < to else { return }
                    target.baseAddress!.advanced(by: offset + from)
                        .copyMemory(from: source.baseAddress! + from, byteCount: to - from)
                }
            }
        }
    }
}

extension ByteReader {
    /// Reads a row set that is not empty, has only indexes below `indexMax`, and at most `countMax` rows.
    mutating func readRows(
        indexMax: UInt32, countMax: Int? = nil, _ name: String = "the rows of a set"
    ) throws(CodecError) -> RowSet {
        let start = offset
        let form = try readByte()
        let count = try readCount(max: countMax ?? Int(indexMax), name)
        guard count > 0 else { throw CodecError(.outOfDomain, at: start, "a set of no rows") }
        switch form {
        case RowForm.deltas: return try readDeltas(count: count, indexMax: indexMax)
        case RowForm.bitmap: return try readBitmap(count: count, indexMax: indexMax)
        default: throw CodecError(.outOfDomain, at: start, "\(form) is no form of a row set")
        }
    }

    private mutating func readDeltas(count: Int, indexMax: UInt32) throws(CodecError) -> RowSet {
        guard count <= remaining else {
            throw CodecError(.truncated, at: offset, "\(count) rows are announced in \(remaining) bytes")
        }
        var rows = RowSet()
        var next = 0
        for _ in 0..<count {
            let row = next + (try readCount(max: Int(indexMax), "an entity index"))
            guard row < Int(indexMax) else {
                throw CodecError(.limitExceeded, at: offset, "entity index \(row), the limit is \(indexMax)")
            }
            rows.append(UInt32(row))
            next = row + 1
        }
        return rows
    }

    private mutating func readBitmap(count: Int, indexMax: UInt32) throws(CodecError) -> RowSet {
        let begin = offset
        let start = try readCount(max: Int(indexMax) / 8, "an entity index")
        let size = try readCount(max: Int(indexMax) / 8, "the bytes of a bitmap")
        guard start + size <= Int(indexMax) / 8 else {
            throw CodecError(.limitExceeded, at: begin, "entity index \((start + size) * 8), the limit is \(indexMax)")
        }
        let bytes = try readBytes(size)
        guard let first = bytes.first, let last = bytes.last, first != 0, last != 0 else {
            throw CodecError(.notCanonical, at: begin, "a bitmap begins or ends with a byte without rows")
        }
        var rows = RowSet()
        // Words of 64 rows, aligned in the index space; the first and the last may lie partly outside the bitmap.
        var word = start / 8
        while word * 8 < start + size {
            var bits: UInt64 = 0
            for byte in max(word * 8, start)..<min(word * 8 + 8, start + size) {
                bits |= UInt64(bytes[byte - start]) << UInt64((byte - word * 8) * 8)
            }
            rows.append(word: bits, at: word % (RowSet.pageRows / 64), page: UInt32(word * 64 / RowSet.pageRows))
            word += 1
        }
        guard rows.count == count else {
            throw CodecError(.outOfDomain, at: begin, "a bitmap of \(rows.count) rows is announced with \(count)")
        }
        return rows
    }
}
