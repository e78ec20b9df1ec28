import OrreryStore

/// One bit for each row.
struct RowBits {
    private var words: [UInt64] = []

    private static let pageWords = RowSet.pageRows / 64

    subscript(row: UInt32) -> Bool {
        get {
            let position = Int(row) / 64
            return position < words.count && words[position] & 1 << UInt64(row % 64) != 0
        }
        set {
            open(Int(row) / RowSet.pageRows)
            let bit = UInt64(1) << UInt64(row % 64)
            words[Int(row) / 64] = newValue ? words[Int(row) / 64] | bit : words[Int(row) / 64] & ~bit
        }
    }

    private mutating func open(_ page: Int) {
        let missing = (page + 1) * Self.pageWords - words.count
        if missing > 0 { words.append(contentsOf: repeatElement(0, count: missing)) }
    }

    /// Replaces the bits of some rows of a page.
    /// - Returns: How many more are set.
    mutating func replace(_ rows: PageMask, by new: PageMask, onPage page: Int) -> Int {
        if new.isEmpty, words.count <= page * Self.pageWords { return 0 }
        open(page)
        return words.withUnsafeMutableBytes { bytes in
            let offset = page * Self.pageWords * MemoryLayout<UInt64>.size
            let old = bytes.loadUnaligned(fromByteOffset: offset, as: PageMask.self)
            let both = old & ~rows | new
            guard both != old else { return 0 }
            bytes.storeBytes(of: both, toByteOffset: offset, as: PageMask.self)
            var gained = 0
            for word in 0..<Self.pageWords { gained += both[word].nonzeroBitCount - old[word].nonzeroBitCount }
            return gained
        }
    }

    var rows: RowSet {
        var rows = RowSet()
        for (position, word) in words.enumerated() where word != 0 {
            rows.append(word: word, at: position % Self.pageWords, page: UInt32(position / Self.pageWords))
        }
        return rows
    }

}
