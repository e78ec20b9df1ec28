package import OrrerySchema

/// Rows of a column that were updated, as they are written to the wire: gaps and values, each one after the other.
///
/// It is what most batches consist of, so it is made in one pass over a list of entities, without a set of rows.
package struct RowUpdates {
    package fileprivate(set) var count = 0
    package fileprivate(set) var first: UInt32 = 0
    package fileprivate(set) var last: UInt32 = 0
    /// Valid until the memory is used again.
    package fileprivate(set) var gaps = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Valid until the memory is used again.
    package fileprivate(set) var values = UnsafeRawBufferPointer(start: nil, count: 0)

    /// The rows.
    package var rows: RowSet {
        var rows = RowSet()
        var (next, gap, shift) = (UInt32(0), UInt32(0), UInt32(0))
        for byte in gaps {
            gap |= UInt32(byte & 0x7f) << shift
            shift += 7
            guard byte < 0x80 else { continue }
            rows.append(next &+ gap)
            next = next &+ gap &+ 1
            (gap, shift) = (0, 0)
        }
        return rows
    }

    /// Memory for the updates of one column after another.
    package final class Memory {
        /// Longer lists are not made in one pass.
        package static let sizeMax = 64 << 10
        /// The longest gap, as a varint.
        fileprivate static let gapSizeMax = 5

        private var bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)

        package init() {}

        deinit { bytes.deallocate() }

        /// Memory of at least this size.
        fileprivate func take(_ size: Int) -> UnsafeMutableRawPointer {
            if bytes.count < size {
                bytes.deallocate()
                bytes = .allocate(byteCount: size, alignment: 8)
            }
            return bytes.baseAddress!
        }
    }
}

/// Belongs to one thread.
@available(*, unavailable)
extension RowUpdates.Memory: Sendable {}

extension ComponentStore {
    /// What happened to a component of some entities after `cursor`.
    /// - Parameters:
    ///   - listed: As for ``addChanges(of:in:after:pages:areAlive:to:)``.
    ///   - changes: Empty. Gets those that entered and left.
    /// - Returns: Those that were updated; `nil` if they cannot be made in one pass, and then `changes` is unspecified.
    /// - Complexity: O(n); O(1) if nothing in the column has changed since.
    package func updates(
        of listed: [Entity], in column: ColumnID, after cursor: Tick, pages: Range<Int>? = nil, areAlive: Bool = false,
        in memory: RowUpdates.Memory, to changes: inout RowChanges
    ) -> RowUpdates? {
        let column = self[column]
        guard !column.isResource else { return nil }
        return column.updates(
            of: listed, after: cursor, pages: pages,
            living: column.rowKind == .entities && !areAlive ? entities : nil, in: memory, to: &changes)
    }
}

extension Column {
    fileprivate func updates(
        of listed: [Entity], after cursor: Tick, pages: Range<Int>?, living: Column?,
        in memory: RowUpdates.Memory, to changes: inout RowChanges
    ) -> RowUpdates? {
        var updates = RowUpdates()
        guard !listed.isEmpty, newestTick > cursor else { return updates }
        guard let valueSize,
            listed.count * (RowUpdates.Memory.gapSizeMax + valueSize) <= RowUpdates.Memory.sizeMax
        else { return nil }
        let gaps = memory.take(listed.count * (RowUpdates.Memory.gapSizeMax + valueSize))
        let values = gaps + listed.count * RowUpdates.Memory.gapSizeMax
        var (nextGap, nextValue, nextRow) = (gaps, values, UInt32(0))
        forEachChange(of: listed, after: cursor, pages: pages, living: living) { index, change, page in
            switch change {
            case .entered: changes.entered.append(index)
            case .left: changes.left.append(index)
            case .updated:
                var gap = index &- nextRow
                while gap >= 0x80 {
                    nextGap.storeBytes(of: UInt8(truncatingIfNeeded: gap) | 0x80, as: UInt8.self)
                    nextGap += 1
                    gap >>= 7
                }
                nextGap.storeBytes(of: UInt8(gap), as: UInt8.self)
                nextGap += 1
                page.copyValue(of: Self.row(index), to: nextValue)
                nextValue += valueSize
                if updates.count == 0 { updates.first = index }
                updates.count += 1
                updates.last = index
                nextRow = index &+ 1
            }
        }
        updates.gaps = UnsafeRawBufferPointer(start: gaps, count: nextGap - gaps)
        updates.values = UnsafeRawBufferPointer(start: values, count: nextValue - values)
        return updates
    }
}
