public import OrrerySchema

/// What each touched entity was at the previous drain: enough to tell the net effect of any number of structural
/// changes without a scan.
///
/// One entry per entity that was spawned, despawned, or gained or lost a tracked component since then. An entity that
/// is spawned and despawned in between gives its entry back, so the journal never holds more than the entities that
/// lived at the previous drain and those that live now, however long no drain comes.
@usableFromInline
struct StructureJournal {
    /// What the previous drain left.
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

    /// Off until somebody wants a change log; a world without a server pays one comparison.
    @usableFromInline private(set) var isActive = false
    private(set) var entries: [Entry] = []
    /// Tracked components that were taken, since the previous drain, from an entity that had them then.
    private(set) var removals: [Removal] = []
    private var vacant: [Int32] = []
    /// The entry of the entity that lives in a slot, or -1.
    private var entryOfSlot: [Int32] = []

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
    mutating func gaining(_ entity: Entity, in table: TablePointer) {
        guard isActive, entry(of: entity) < 0 else { return }
        add(Entry(entity: entity, past: .alive(table)))
    }

    /// Notes that an entity is about to lose a tracked component.
    /// - Parameter wasThere: Whether a sparse component was there at the previous drain, which the table does not say.
    /// - Complexity: O(components that it has lost).
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

    /// Forgets everything; buffers are kept.
    mutating func reset() {
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
