internal import OrrerySchema

/// The numbers of the marked rows of a page, ascending, in memory of the caller.
///
/// Rows are listed first and then copied: the copying loop has no branch to mispredict, so the processor waits for the
/// memory of many rows at once. This is most of the cost where few rows of many are marked.
struct MarkedRows {
    private let rows: UnsafeMutablePointer<UInt16>
    let count: Int

    /// The number of rows listed per step.
    private static let step = 2

    /// The capacity that a list needs.
    static let capacity = pageRowCount + step

    /// Whether all rows are marked.
    static func areAll(_ words: UnsafeMutablePointer<UInt64>, rowCount: Int) -> Bool {
        for word in 0..<rowCount >> 6 where words[word] != .max { return false }
        return rowCount & 63 == 0 || words[rowCount >> 6] == 1 << UInt64(rowCount & 63) - 1
    }

    /// Lists the rows whose bit is set, and clears the bits.
    init(draining words: UnsafeMutablePointer<UInt64>, wordCount: Int, into rows: UnsafeMutablePointer<UInt16>) {
        var count = 0
        for word in 0..<wordCount {
            var rest = words[word]
            words[word] = 0
            let first = UInt16(truncatingIfNeeded: word << 6)
            // Entries beyond the last bit are overwritten by the next word.
            var next = count
            count &+= rest.nonzeroBitCount
            repeat {
                for position in 0..<Self.step {
                    rows[next &+ position] = first &+ UInt16(truncatingIfNeeded: rest.trailingZeroBitCount)
                    rest &= rest &- 1
                }
                next &+= Self.step
            } while rest != 0
        }
        self.rows = rows
        self.count = count
    }

    /// Copies the entities, and the values of `stride` plain bytes each, into uninitialised memory.
    func copy(
        _ entities: UnsafePointer<Entity>, _ values: UnsafeRawPointer, stride: Int,
        to entityTarget: UnsafeMutablePointer<Entity>, _ target: UnsafeMutableRawPointer
    ) {
        // Each usual size has its own loop, in which the copy is one or two moves.
        switch stride {
        case 4: copyBytes(of: entities, values, 4, to: entityTarget, target)
        case 8: copyBytes(of: entities, values, 8, to: entityTarget, target)
        case 12: copyBytes(of: entities, values, 12, to: entityTarget, target)
        case 16: copyBytes(of: entities, values, 16, to: entityTarget, target)
        default: copyBytes(of: entities, values, stride, to: entityTarget, target)
        }
    }

    /// Copies the entities, and the values with a closure, into uninitialised memory.
    @inline(__always)
    func copy(
        _ entities: UnsafePointer<Entity>, _ values: UnsafeRawPointer, stride: Int,
        to entityTarget: UnsafeMutablePointer<Entity>, _ target: UnsafeMutableRawPointer,
        by copy: (_ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer) -> Void
    ) {
        for position in 0..<count {
            let row = Int(rows[position])
            (entityTarget + position).initialize(to: entities[row])
            copy(target + position &* stride, values + row &* stride)
        }
    }

    @inline(__always)
    private func copyBytes(
        of entities: UnsafePointer<Entity>, _ values: UnsafeRawPointer, _ stride: Int,
        to entityTarget: UnsafeMutablePointer<Entity>, _ target: UnsafeMutableRawPointer
    ) {
        copy(entities, values, stride: stride, to: entityTarget, target) { target, source in
            OrreryECS.copyBytes(to: target, from: source, count: stride)
        }
    }
}
