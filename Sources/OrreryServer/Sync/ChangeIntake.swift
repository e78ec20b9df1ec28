import Logging
import OrreryECS
import OrrerySchema
import OrreryStore

/// Takes the change log of a tick into the store: converts typed rows to raw bytes, and drops writes that changed
/// nothing.
struct ChangeIntake {
    private struct Entry {
        let column: Column
        let descriptor: ComponentDescriptor
    }

    private let store: ComponentStore
    /// Indexed by component number of the world; `nil` for components that are not visible.
    private var entries: [Entry?] = []
    /// The most bytes of a value that clients accept.
    private let valueSizeMax: Int
    private var scratch = ByteWriter()
    private var log: BoundedLog
    /// Values that could not be sent, taken by ``takeLeftOutCount()``.
    private var leftOutCount = 0

    /// - Parameters:
    ///   - components: Those that are sent, in the order of the table.
    ///   - groups: The groups of the entities that only some may see.
    init(
        store: ComponentStore, components: [(ComponentID, ComponentDescriptor)],
        groups: (ComponentID, ComponentDescriptor), valueSizeMax: Int, log: BoundedLog
    ) {
        self.store = store
        self.valueSizeMax = valueSizeMax
        self.log = log
        for (position, (id, descriptor)) in components.enumerated() {
            while entries.count <= id.index { entries.append(nil) }
            entries[id.index] = Entry(column: store[ColumnID(position)], descriptor: descriptor)
        }
        let (id, descriptor) = groups
        while entries.count <= id.index { entries.append(nil) }
        entries[id.index] = Entry(column: store.groups, descriptor: descriptor)
    }

    /// - Complexity: O(size of the log).
    /// - Precondition: The log's tick is not 0, which stands for "never" in the store.
    mutating func take(_ log: ChangeLog, now: Duration) {
        precondition(log.tick > .zero, "the first log is that of tick 1")
        store.advance(to: log.tick)
        for entity in log.despawned { store.despawn(entity) }
        for entity in log.spawned { store.spawn(entity) }
        // A replaced component is removed here and inserted again with its value below, so that clients see that it was
        // gone.
        for change in log.removed { takeAway(change) }
        for change in log.replaced { takeAway(change) }
        for changes in log.columns where changes.count > 0 {
            guard let entry = entry(of: changes.component) else { continue }
            if entry.descriptor.isBitwise {
                takePacked(changes, entry)
            } else {
                takeEncoded(changes, entry, now: now)
            }
        }
    }

    private func takeAway(_ change: ChangeLog.ComponentChange) {
        guard let entry = entry(of: change.component) else { return }
        entry.column.remove(change.entity.index, at: store.tick)
    }

    private func entry(of component: ComponentID) -> Entry? {
        component.index < entries.count ? entries[component.index] : nil
    }

    private mutating func takePacked(_ changes: ColumnChanges, _ entry: Entry) {
        let column = entry.column
        let size = changes.count * (column.valueSize ?? 0)
        if entry.descriptor.isPackedInMemory {
            column.set(
                changes.entities, to: UnsafeRawBufferPointer(start: changes.rows, count: size), at: store.tick)
            return
        }
        scratch.removeAll()
        if let rows = changes.rows {
            scratch.append(uninitializedCount: size) {
                entry.descriptor.pack(rows, count: changes.count, into: $0.baseAddress!)
            }
        }
        scratch.bytes.withUnsafeBytes { _ = column.set(changes.entities, to: $0, at: store.tick) }
    }

    private mutating func takeEncoded(_ changes: ColumnChanges, _ entry: Entry, now: Duration) {
        guard let rows = changes.rows else { return }
        for (position, entity) in changes.entities.enumerated() {
            scratch.removeAll()
            do throws(CodecError) {
                try entry.descriptor.encode(rows + position * changes.stride, into: &scratch)
                guard scratch.count <= valueSizeMax else {
                    throw CodecError(
                        .limitExceeded, "it takes \(scratch.count) bytes, the limit is \(valueSizeMax)")
                }
                entry.column.set(entity.index, to: scratch.bytes, at: store.tick)
            } catch {
                leaveOut(entity, entry, error, now: now)
            }
        }
    }

    /// Removes a value that cannot be sent from the clients' view, until there is one that can: showing the old value
    /// any longer would be wrong.
    private mutating func leaveOut(_ entity: Entity, _ entry: Entry, _ error: CodecError, now: Duration) {
        entry.column.remove(entity.index, at: store.tick)
        leftOutCount += 1
        log.note(
            "a value cannot be sent; clients see its component removed",
            [
                "component": "\(entry.descriptor.schema.name)",
                "entity": "\(entity == .resource ? .none : entity)", "error": "\(error.message)",
            ], level: .error, now: now)
    }

    /// The number of values left out since the last call.
    mutating func takeLeftOutCount() -> Int {
        defer { leftOutCount = 0 }
        return leftOutCount
    }

    /// Time has passed: reports messages that were not logged.
    mutating func timePassed(now: Duration) { log.timePassed(now: now) }
}
