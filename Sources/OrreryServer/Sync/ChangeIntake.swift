import Logging
import OrreryECS
import OrrerySchema
import OrreryStore

/// Takes the change log of a tick into the store: from typed rows to raw bytes, dropping what did not really change.
struct ChangeIntake {
    private struct Entry {
        let column: ColumnID
        let descriptor: ComponentDescriptor
    }

    private let store: ComponentStore
    /// By component number of the world; `nil` for components that are not visible.
    private var entries: [Entry?] = []
    /// Bytes of a value that clients take.
    private let valueSizeMax: Int
    private var scratch = ByteWriter()
    private var log: BoundedLog
    /// Values that could not be sent, by ``takeLeftOutCount()``.
    private var leftOutCount = 0

    init(store: ComponentStore, components: [(ComponentID, ComponentDescriptor)], valueSizeMax: Int, log: BoundedLog) {
        self.store = store
        self.valueSizeMax = valueSizeMax
        self.log = log
        for (position, (id, descriptor)) in components.enumerated() {
            while entries.count <= id.index { entries.append(nil) }
            entries[id.index] = Entry(column: ColumnID(position), descriptor: descriptor)
        }
    }

    /// - Complexity: O(what the log holds).
    /// - Precondition: the log's tick is not 0, which stands for "never" in the store.
    mutating func take(_ log: ChangeLog, now: Duration) {
        precondition(log.tick > .zero, "the first log is that of tick 1")
        store.advance(to: log.tick)
        for entity in log.despawned { store.despawn(entity) }
        for entity in log.spawned { store.spawn(entity) }
        // What was replaced leaves here and enters again with its value below, so that it is seen to have been gone.
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
        store[entry.column].remove(change.entity.index, at: store.tick)
    }

    private func entry(of component: ComponentID) -> Entry? {
        component.index < entries.count ? entries[component.index] : nil
    }

    private mutating func takePacked(_ changes: ColumnChanges, _ entry: Entry) {
        let column = store[entry.column]
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
                store[entry.column].set(entity.index, to: scratch.bytes, at: store.tick)
            } catch {
                leaveOut(entity, entry, error, now: now)
            }
        }
    }

    /// A value that cannot be shown is taken away from clients, until there is one again that can: to go on showing the
    /// one before would be a lie.
    private mutating func leaveOut(_ entity: Entity, _ entry: Entry, _ error: CodecError, now: Duration) {
        store[entry.column].remove(entity.index, at: store.tick)
        leftOutCount += 1
        log.note(
            "a value cannot be sent; clients see its component removed",
            [
                "component": "\(entry.descriptor.schema.name)", "entity": "\(entity)", "error": "\(error.message)",
            ], level: .error, now: now)
    }

    /// How many values were left out since this was last asked.
    mutating func takeLeftOutCount() -> Int {
        defer { leftOutCount = 0 }
        return leftOutCount
    }

    /// Time has passed: tells of what was not logged.
    mutating func timePassed(now: Duration) { log.timePassed(now: now) }
}
