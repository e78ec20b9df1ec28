public import OrrerySchema

/// The state of each touched entity at the previous drain: enough to derive the net effect of any number of structural
/// changes without a scan.
///
/// There is one entry per entity that was spawned, despawned, or gained or lost a tracked component since then. An
/// entity that is spawned and despawned between two drains frees its entry. So the journal never holds more entries
/// than the entities that lived at the previous drain plus those that live now, however late the next drain is.
@usableFromInline
struct StructureJournal {
    /// The state of an entity at the previous drain.
    enum Past {
        /// The entity did not exist.
        case unborn
        /// It existed, with the tracked components of this table.
        case alive(TablePointer)
        /// The entry is free.
        case vacant
    }

    struct Entry {
        var entity: Entity
        var past: Past
        var isDespawned = false
        /// The head of its list in `removals`, or -1.
        var firstRemoval: Int32 = -1
    }

    struct Removal {
        let component: ComponentID
        let next: Int32
    }

    /// Off until a change log is needed. A world without a server pays one comparison.
    @usableFromInline private(set) var isActive = false
    private(set) var entries: [Entry] = []
    /// Tracked components that were removed, since the previous drain, from an entity that had them then.
    private(set) var removals: [Removal] = []
    private var vacant: [Int32] = []
    /// The entry of the entity that lives in a slot, or -1.
    private var entryOfSlot: [Int32] = []

    init(isActive: Bool = false) {
        self.isActive = isActive
    }

    mutating func activate() {
        isActive = true
    }

    @usableFromInline
    mutating func spawned(_ entity: Entity) {
        guard isActive else { return }
        add(Entry(entity: entity, past: .unborn))
    }

    mutating func despawned(_ entity: Entity, in table: TablePointer) {
        guard isActive else { return }
        let position = entry(of: entity)
        guard position >= 0 else {
            entries.append(Entry(entity: entity, past: .alive(table), isDespawned: true))
            return
        }
        entryOfSlot[Int(entity.index)] = -1
        if case .unborn = entries[position].past {
            entries[position].past = .vacant
            vacant.append(Int32(position))
        } else {
            entries[position].isDespawned = true
        }
    }

    /// Notes that an entity is about to gain a tracked component.
    @usableFromInline
    mutating func gaining(_ entity: Entity, in table: TablePointer) {
        guard isActive, entry(of: entity) < 0 else { return }
        add(Entry(entity: entity, past: .alive(table)))
    }

    /// Notes that an entity is about to lose a tracked component.
    /// - Parameter wasThere: For a sparse component: whether the entity had it at the previous drain. Its table does
    ///   not tell.
    /// - Complexity: O(components that the entity has lost).
    mutating func losing(
        _ component: ComponentID, _ entity: Entity, in table: TablePointer, wasThere: Bool? = nil
    ) {
        guard isActive else { return }
        gaining(entity, in: table)
        let position = entry(of: entity)
        guard case .alive(let past) = entries[position].past, wasThere ?? past.pointee.has(component) else { return }
        var removal = entries[position].firstRemoval
        while removal >= 0 {
            if removals[Int(removal)].component == component { return }
            removal = removals[Int(removal)].next
        }
        removals.append(Removal(component: component, next: entries[position].firstRemoval))
        entries[position].firstRemoval = Int32(removals.count - 1)
    }

    /// The most entries for which buffers are kept from tick to tick. Larger buffers come from the start of a world,
    /// which happens only once.
    private static let entryCountKept = 65_536

    /// Forgets everything. Buffers are kept, except very large ones.
    mutating func reset() {
        guard entries.count <= Self.entryCountKept else {
            self = StructureJournal(isActive: isActive)
            return
        }
        for entry in entries where !entry.isDespawned { entryOfSlot[Int(entry.entity.index)] = -1 }
        entries.removeAll(keepingCapacity: true)
        removals.removeAll(keepingCapacity: true)
        vacant.removeAll(keepingCapacity: true)
    }

    /// The entry of a living entity, or -1.
    func entry(of entity: Entity) -> Int {
        let index = Int(entity.index)
        return index < entryOfSlot.count ? Int(entryOfSlot[index]) : -1
    }

    private mutating func add(_ entry: Entry) {
        let index = Int(entry.entity.index)
        if index >= entryOfSlot.count {
            entryOfSlot.append(contentsOf: repeatElement(-1, count: max(64, index + 1)))
        }
        if let position = vacant.popLast() {
            entries[Int(position)] = entry
            entryOfSlot[index] = position
        } else {
            entries.append(entry)
            entryOfSlot[index] = Int32(entries.count - 1)
        }
    }
}
