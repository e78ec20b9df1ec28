import OrrerySchema
import OrreryStore

/// A comparison of a field that lies at one offset in values of fixed size: the fast path.
///
/// Every comparison with a constant is an interval, so each type has two loops. They read the bytes of a page and give
/// the matching rows.
struct Scan: Sendable {
    enum Test: Sendable {
        /// Integers, Bools and cases whose bits, read as the type, are between both ends.
        case integers(Scalar, low: UInt64, high: UInt64)
        /// Integers and cases other than the value, and not above the highest valid one.
        case otherIntegers(Scalar, than: UInt64, high: UInt64)
        case floats(low: Float, high: Float)
        case otherFloats(than: Float)
        case doubles(low: Double, high: Double)
        case otherDoubles(than: Double)
        case floatNaN
        case doubleNaN
        case entity(Entity)
        /// Entities other than this one and none.
        case otherEntities(than: Entity)
    }

    let column: ColumnID
    let offset: Int
    let test: Test

    /// Which rows of a page match.
    /// - Parameter mask: The rows that are asked about; all of them are present.
    func matches(_ mask: PageMask, _ page: PageHandle) -> PageMask {
        let rows = Rows(start: page.fixedValues(from: 0) + offset, stride: page.valueSize ?? 0, mask: mask)
        switch test {
        case .integers(let scalar, let low, let high): return Self.integers(scalar, low, high, rows)
        case .otherIntegers(let scalar, let value, let high): return Self.otherIntegers(scalar, value, high, rows)
        case .floats(let low, let high): return rows.matching { (x: Float) in x >= low && x <= high }
        case .otherFloats(let value): return rows.matching { (x: Float) in x < value || x > value }
        case .doubles(let low, let high): return rows.matching { (x: Double) in x >= low && x <= high }
        case .otherDoubles(let value): return rows.matching { (x: Double) in x < value || x > value }
        case .floatNaN: return rows.matching { (x: Float) in x.isNaN }
        case .doubleNaN: return rows.matching { (x: Double) in x.isNaN }
        case .entity(let entity):
            let bits = Self.bits(entity)
            return rows.matching { (x: UInt64) in x == bits }
        case .otherEntities(let entity):
            let (bits, none) = (Self.bits(entity), Self.bits(.none))
            return rows.matching { (x: UInt64) in x != bits && x != none }
        }
    }

    /// The bytes of an entity, read as a number.
    private static func bits(_ entity: Entity) -> UInt64 {
        (UInt64(entity.generation) << 32 | UInt64(entity.index)).littleEndian
    }

    private static func integers(_ scalar: Scalar, _ low: UInt64, _ high: UInt64, _ rows: Rows) -> PageMask {
        switch scalar {
        case .int8: rows.matching(from: Int8(truncatingIfNeeded: low), to: Int8(truncatingIfNeeded: high))
        case .int16: rows.matching(from: Int16(truncatingIfNeeded: low), to: Int16(truncatingIfNeeded: high))
        case .int32: rows.matching(from: Int32(truncatingIfNeeded: low), to: Int32(truncatingIfNeeded: high))
        case .int64: rows.matching(from: Int64(bitPattern: low), to: Int64(bitPattern: high))
        case .bool, .uint8: rows.matching(from: UInt8(truncatingIfNeeded: low), to: UInt8(truncatingIfNeeded: high))
        case .uint16: rows.matching(from: UInt16(truncatingIfNeeded: low), to: UInt16(truncatingIfNeeded: high))
        case .uint32: rows.matching(from: UInt32(truncatingIfNeeded: low), to: UInt32(truncatingIfNeeded: high))
        case .uint64: rows.matching(from: low, to: high)
        case .float, .double: preconditionFailure("floating point is no integer")
        }
    }

    private static func otherIntegers(_ scalar: Scalar, _ value: UInt64, _ high: UInt64, _ rows: Rows) -> PageMask {
        switch scalar {
        case .int8: rows.matching(not: Int8(truncatingIfNeeded: value), to: Int8(truncatingIfNeeded: high))
        case .int16: rows.matching(not: Int16(truncatingIfNeeded: value), to: Int16(truncatingIfNeeded: high))
        case .int32: rows.matching(not: Int32(truncatingIfNeeded: value), to: Int32(truncatingIfNeeded: high))
        case .int64: rows.matching(not: Int64(bitPattern: value), to: Int64(bitPattern: high))
        case .bool, .uint8: rows.matching(not: UInt8(truncatingIfNeeded: value), to: UInt8(truncatingIfNeeded: high))
        case .uint16: rows.matching(not: UInt16(truncatingIfNeeded: value), to: UInt16(truncatingIfNeeded: high))
        case .uint32: rows.matching(not: UInt32(truncatingIfNeeded: value), to: UInt32(truncatingIfNeeded: high))
        case .uint64: rows.matching(not: value, to: high)
        case .float, .double: preconditionFailure("floating point is no integer")
        }
    }

    /// The same field of the rows of a page.
    private struct Rows {
        let start: UnsafeRawPointer
        let stride: Int
        let mask: PageMask

        /// With fewer of 64 rows than this, single loads cost less than reading all 64.
        private static let denseCount = 12

        @inline(__always)
        func matching<T: BitwiseCopyable>(_ test: (T) -> Bool) -> PageMask {
            var result = PageMask.zero
            for word in 0..<RowSet.pageWords where mask[word] != 0 {
                result[word] = matching(mask[word], start + word &* 64 &* stride, test)
            }
            return result
        }

        @inline(__always)
        private func matching<T: BitwiseCopyable>(
            _ mask: UInt64, _ start: UnsafeRawPointer, _ test: (T) -> Bool
        ) -> UInt64 {
            // Absent rows have bytes too; the mask removes them.
            if mask.nonzeroBitCount >= Self.denseCount { return Self.matchingAll(start, stride, test) & mask }
            var (rest, result) = (mask, UInt64(0))
            while rest != 0 {
                let row = rest.trailingZeroBitCount
                let value = start.loadUnaligned(fromByteOffset: row &* stride, as: T.self)
                result |= (test(value) ? 1 : 0) &<< UInt64(truncatingIfNeeded: row)
                rest &= rest &- 1
            }
            return result
        }

        /// Tests 64 rows: a byte for each, which the compiler does in vectors, and then a bit for each.
        @inline(__always)
        private static func matchingAll<T: BitwiseCopyable>(
            _ start: UnsafeRawPointer, _ stride: Int, _ test: (T) -> Bool
        ) -> UInt64 {
            var flags = SIMD64<UInt8>()
            return withUnsafeMutableBytes(of: &flags) { flags in
                // Adjacent values are loaded together.
                if stride == MemoryLayout<T>.size {
                    for row in 0..<64 {
                        let value = start.loadUnaligned(fromByteOffset: row &* MemoryLayout<T>.size, as: T.self)
                        flags[row] = test(value) ? 1 : 0
                    }
                } else {
                    for row in 0..<64 {
                        let value = start.loadUnaligned(fromByteOffset: row &* stride, as: T.self)
                        flags[row] = test(value) ? 1 : 0
                    }
                }
                var result: UInt64 = 0
                for byte in 0..<8 {
                    let eight = UInt64(littleEndian: flags.loadUnaligned(fromByteOffset: byte &* 8, as: UInt64.self))
                    // The product has flag i at bit 56 + i.
                    result |= ((eight &* 0x0102_0408_1020_4080) >> 56) &<< UInt64(truncatingIfNeeded: byte &* 8)
                }
                return result
            }
        }

        @inline(__always)
        func matching<T: FixedWidthInteger & BitwiseCopyable>(from low: T, to high: T) -> PageMask {
            matching { (x: T) in T(littleEndian: x) >= low && T(littleEndian: x) <= high }
        }

        @inline(__always)
        func matching<T: FixedWidthInteger & BitwiseCopyable>(not value: T, to high: T) -> PageMask {
            matching { (x: T) in T(littleEndian: x) != value && T(littleEndian: x) <= high }
        }
    }
}
