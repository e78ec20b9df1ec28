/// Some of the 1024 rows of a page: 16 words of 64 rows, lowest row in the lowest bit.
@usableFromInline package typealias PageMask = SIMD16<UInt64>

extension PageMask {
    /// All rows of a page.
    @inlinable package static var all: PageMask { PageMask(repeating: .max) }

    /// One row.
    @inlinable package init(row: Int) {
        self = .zero
        self[row / 64] = 1 << UInt64(row % 64)
    }

    @inlinable package var isEmpty: Bool { self == .zero }

    @inlinable package func contains(_ row: Int) -> Bool { self[row / 64] & 1 << UInt64(row % 64) != 0 }

    /// Calls `body` with each row, ascending.
    @inlinable @inline(__always)
    package func forEach(_ body: (_ row: Int) -> Void) {
        for word in 0..<16 {
            var rest = self[word]
            while rest != 0 {
                body(word * 64 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
    }

    /// The rows for which `isIncluded` holds.
    @inlinable @inline(__always)
    package func filter(_ isIncluded: (_ row: Int) -> Bool) -> PageMask {
        var result = PageMask.zero
        for word in 0..<16 where self[word] != 0 {
            var (rest, bits) = (self[word], UInt64(0))
            while rest != 0 {
                let bit = rest.trailingZeroBitCount
                if isIncluded(word * 64 + bit) { bits |= 1 << UInt64(bit) }
                rest &= rest - 1
            }
            result[word] = bits
        }
        return result
    }
}
