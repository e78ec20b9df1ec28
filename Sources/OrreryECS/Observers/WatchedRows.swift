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
    /// Rows whose values an outer closure of this thread is writing: they cannot be copied, nobody can write them here,
    /// and observers are told of them when that closure ends.
    private let held: [Int]

    /// - Parameter values: The values of the rows, one for each entity.
    init(
        _ watch: any AnyComponentWatch, of entities: UnsafePointer<Entity>, _ values: UnsafeMutableRawPointer,
        count: Int
    ) {
        self.watch = watch
        self.entities = entities
        self.values = values
        self.count = count
        let stride = watch.operations.stride
        let mayBeHeld = !watch.operations.isBitwise && values.isHeld(byteCount: stride * count)
        held = mayBeHeld ? (0..<count).filter { (values + $0 * stride).isHeld(byteCount: stride) } : []
        guard watch.hasObservers else {
            known = nil
            return
        }
        let copies = UnsafeMutableRawPointer.allocate(byteCount: max(1, stride * count), alignment: 64)
        known = copies
        forEachFreeRun { rows in
            watch.operations.copyRun(copies + rows.lowerBound * stride, values + rows.lowerBound * stride, rows.count)
        }
    }

    func deallocate() {
        guard let known else { return }
        let stride = watch.operations.stride
        if stride > 0 {
            forEachFreeRun { watch.operations.deinitialize(known + $0.lowerBound * stride, $0.count) }
        }
        known.deallocate()
    }

    /// Calls a closure with each run of rows that are not held.
    private func forEachFreeRun(_ body: (Range<Int>) -> Void) {
        var first = 0
        for row in held + [count] {
            if first < row { body(first..<row) }
            first = row + 1
        }
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
            guard !held.contains(row) else { continue }
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
        for row in rows(sharedWith: other) where !held.contains(row) && !other.holds(values + row * stride) {
            watch.operations.assign(known + row * stride, values + row * stride)
        }
    }

    /// Whether a value of this run is one that was held.
    private func holds(_ value: UnsafeMutableRawPointer) -> Bool {
        held.contains { values + $0 * watch.operations.stride == value }
    }
}
