internal import OrrerySchema

/// Consecutive values of one component that are being written, and the values that observers know.
struct WatchedRows {
    let watch: any AnyComponentWatch
    private let entities: UnsafePointer<Entity>
    /// The values in the world.
    private let values: UnsafeMutableRawPointer
    let count: Int
    /// Copies of the values; `nil` without observers.
    private let known: UnsafeMutableRawPointer?

    /// - Parameter values: The values of the rows, one for each entity.
    init(
        _ watch: any AnyComponentWatch, of entities: UnsafePointer<Entity>, _ values: UnsafeMutableRawPointer,
        count: Int
    ) {
        self.watch = watch
        self.entities = entities
        self.values = values
        self.count = count
        values.requireUnheld(
            byteCount: watch.operations.stride * count, isBitwise: watch.operations.isBitwise,
            name: "\(watch.operations.type)")
        guard watch.hasObservers else {
            known = nil
            return
        }
        let copies = UnsafeMutableRawPointer.allocate(
            byteCount: max(1, watch.operations.stride * count), alignment: 64)
        watch.operations.copyRun(copies, values, count)
        known = copies
    }

    func deallocate() {
        guard let known else { return }
        watch.operations.deinitialize(known, watch.operations.stride > 0 ? count : 0)
        known.deallocate()
    }

    /// The rows that another run has too.
    private func rows(sharedWith other: WatchedRows) -> Range<Int> {
        let stride = watch.operations.stride
        guard watch === other.watch, stride > 0 else { return 0..<0 }
        let (first, otherFirst) = (UInt(bitPattern: values), UInt(bitPattern: other.values))
        let end = first + UInt(stride * count)
        let otherEnd = otherFirst + UInt(stride * other.count)
        let (low, high) = (max(first, otherFirst), min(end, otherEnd))
        guard low < high else { return 0..<0 }
        return Int(low - first) / stride..<Int(high - first) / stride
    }

    /// Applies what was written to the index of a relation, and notes it as steps for the observers.
    func settle(_ rows: Range<Int>, in world: World) {
        let stride = watch.operations.stride
        guard stride > 0 else { return }
        for row in rows {
            let value = values + row * stride
            // A closure is still writing the value: it is settled when that ends.
            guard watch.operations.isBitwise || !value.isHeld(byteCount: stride) else { continue }
            watch.references?.follow(entities[row], value)
            guard let known, watch.differ(known + row * stride, value) else { continue }
            world.note(.changed, of: entities[row], watch, old: known + row * stride, new: value)
            watch.operations.assign(known + row * stride, value)
        }
    }

    /// Applies what was written so far in the rows that another run is about to write.
    func settleRows(sharedWith other: WatchedRows, in world: World) { settle(rows(sharedWith: other), in: world) }

    /// Treats what another run has written as known: observers have been notified of it, or must not be.
    func forgetRows(sharedWith other: WatchedRows) {
        guard let known else { return }
        let stride = watch.operations.stride
        for row in rows(sharedWith: other) { watch.operations.assign(known + row * stride, values + row * stride) }
    }
}
