import OrrerySchema

/// Unicode simple case folding of texts in normal form C: what `~` compares.
enum CaseFolding {
    /// The simple folding (statuses C and S) of a scalar.
    /// - Complexity: O(log n) in the number of runs; O(1) for ASCII.
    static func fold(_ scalar: Unicode.Scalar) -> UInt32 {
        let value = scalar.value
        if value < 0x80 { return value &- 0x41 < 26 ? value + 32 : value }
        var (low, high) = (0, CaseFoldingTable.runs.count)
        while low < high {
            let middle = (low + high) / 2
            if CaseFoldingTable.runs[middle].last < value { low = middle + 1 } else { high = middle }
        }
        guard low < CaseFoldingTable.runs.count else { return value }
        let run = CaseFoldingTable.runs[low]
        guard value >= run.first, (value - run.first) % run.stride == 0 else { return value }
        return UInt32(Int32(value) + run.delta)
    }

    /// The folded scalars of a text.
    static func foldedScalars(_ text: String) -> [UInt32] {
        String(decoding: text.canonicalUTF8, as: UTF8.self).unicodeScalars.map(fold)
    }

    /// The folded text as UTF-8.
    static func folded(_ text: String) -> [UInt8] {
        var folded = String.UnicodeScalarView()
        folded.append(contentsOf: foldedScalars(text).map { Unicode.Scalar($0)! })
        return Array(String(folded).utf8)
    }

    /// Whether a text with this scalar may be in another form than C.
    static func isUnstable(_ scalar: Unicode.Scalar) -> Bool {
        var (low, high) = (0, CaseFoldingTable.unstable.count)
        while low < high {
            let middle = (low + high) / 2
            if CaseFoldingTable.unstable[middle].last < scalar.value { low = middle + 1 } else { high = middle }
        }
        return low < CaseFoldingTable.unstable.count && CaseFoldingTable.unstable[low].first <= scalar.value
    }
}

/// Looks for a folded text in texts. Source: Knuth, Morris, Pratt, "Fast pattern matching in strings", 1977.
struct FoldedSearch: Sendable {
    private let needle: [UInt32]
    /// For each prefix of the needle, the length of its longest proper prefix that is also its suffix.
    private let borders: [Int]

    /// - Parameter folded: UTF-8 that is already folded.
    init(_ folded: [UInt8]) {
        needle = String(decoding: folded, as: UTF8.self).unicodeScalars.map(\.value)
        var borders = Array(repeating: 0, count: needle.count)
        var length = 0
        for position in needle.indices.dropFirst() {
            while length > 0, needle[length] != needle[position] { length = borders[length - 1] }
            if needle[length] == needle[position] { length += 1 }
            borders[position] = length
        }
        self.borders = borders
    }

    /// Whether a reading is a text that contains the needle.
    func isFound(in reading: Reading) -> Bool { if case .text(let text) = reading { isFound(in: text) } else { false } }

    /// Whether the folded text contains the needle; false for bytes that are no UTF-8.
    /// - Complexity: O(n). Allocates only for texts that may not be in normal form C.
    func isFound(in text: UnsafeRawBufferPointer) -> Bool {
        if needle.isEmpty { return true }
        var matched = 0
        guard text.contains(where: { $0 >= 0x80 }) else {
            for byte in text where advance(&matched, CaseFolding.fold(Unicode.Scalar(byte))) { return true }
            return false
        }
        var decoder = UTF8()
        var bytes = text.makeIterator()
        var isFound = false
        while true {
            switch decoder.decode(&bytes) {
            case .scalarValue(let scalar):
                if CaseFolding.isUnstable(scalar) { return isFoundAfterNormalization(in: text) }
                // The rest must still be read: it may change the form of what was read.
                isFound = isFound || advance(&matched, CaseFolding.fold(scalar))
            case .emptyInput: return isFound
            case .error: return false
            }
        }
    }

    private func isFoundAfterNormalization(in text: UnsafeRawBufferPointer) -> Bool {
        guard let text = String(validating: text, as: UTF8.self) else { return false }
        var matched = 0
        return CaseFolding.foldedScalars(text).contains { advance(&matched, $0) }
    }

    /// Goes on by one scalar.
    /// - Parameter matched: How many scalars of the needle the text ends with.
    /// - Returns: Whether that is the whole needle.
    @inline(__always)
    private func advance(_ matched: inout Int, _ scalar: UInt32) -> Bool {
        while matched > 0, needle[matched] != scalar { matched = borders[matched - 1] }
        if needle[matched] == scalar { matched += 1 }
        return matched == needle.count
    }
}
