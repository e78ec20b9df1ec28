package import OrrerySchema

/// The rows as gaps: how many indexes lie between each row and the one before, each as a varint.
///
/// Here and not where it is written to the wire: a loop over rows in another module calls a closure for each.
extension RowSet {
    /// The bytes of all gaps.
    /// - Complexity: O(rows).
    package var gapsByteCount: Int {
        var byteCount = 0
        forEachGap { byteCount += Self.varintSize($0) }
        return byteCount
    }

    /// Appends the gaps.
    /// - Parameter byteCount: ``gapsByteCount``.
    /// - Complexity: O(rows).
    package func appendGaps(byteCount: Int, to writer: inout ByteWriter) {
        writer.append(uninitializedCount: byteCount) { buffer in
            var position = 0
            forEachGap { gap in
                var rest = gap
                while rest >= 0x80 {
                    buffer[position] = UInt8(truncatingIfNeeded: rest) | 0x80
                    position += 1
                    rest >>= 7
                }
                buffer[position] = UInt8(rest)
                position += 1
            }
            precondition(position == byteCount, "the gaps were counted for another set of rows")
        }
    }

    @inline(__always)
    private func forEachGap(_ body: (UInt32) -> Void) {
        var next: UInt32 = 0
        forEach { row in
            body(row &- next)
            next = row &+ 1
        }
    }

    fileprivate static func varintSize(_ number: UInt32) -> Int {
        max(1, (UInt32.bitWidth - number.leadingZeroBitCount + 6) / 7)
    }
}

/// The same of a list of rows, ascending, each once.
extension [UInt32] {
    /// The bytes of all gaps.
    package var gapsByteCount: Int {
        var (byteCount, next) = (0, UInt32(0))
        for row in self {
            byteCount += RowSet.varintSize(row &- next)
            next = row &+ 1
        }
        return byteCount
    }

    /// Appends the gaps.
    package func appendGaps(to writer: inout ByteWriter) {
        var next: UInt32 = 0
        for row in self {
            writer.append(varint: UInt64(row &- next))
            next = row &+ 1
        }
    }
}
