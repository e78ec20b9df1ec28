internal import OrrerySchema

extension World {
    /// Fills `log` with the net effect since the previous drain, however many ticks that was.
    ///
    /// The first drain reports everything that exists. Slots freed before this call may be reused after it.
    ///
    /// A world's changes have one reader. The server drains the world of a `SimulationServer`. It begins with
    /// everything that exists, even if another caller has drained the world before.
    /// - Complexity: O(changes); nothing unchanged is visited.
    /// - Precondition: No query iterates, and no command is pending.
    public func drainChanges(into log: ChangeLog) {
        requireStructureOpen("drain changes")
        precondition(commands.count == 0, "flush the commands before the changes are drained")
        log.reset()
        activateJournal()
        log.tick = tick
        for entry in storage.pointee.components[log.componentTypes.count...] {
            log.componentTypes.append(entry.operations.type)
        }
        drainStructure(into: log)
        drainValues(into: log)
        drainResources(into: log)
        storage.pointee.drainStamp = storage.advanceStamp()
        // The reader of the log now knows the entities that ended. Events do not end here: they follow ticks, and a
        // drained tick may still send some.
        storage.pointee.entities.endTick()
    }

    /// Forgets what was drained and what is tracked: the next reader of changes begins with everything that exists.
    /// - Complexity: O(tables · components).
    /// - Precondition: No query iterates.
    package func forgetChangeReader() {
        requireStructureOpen("begin with another reader of changes")
        while let column = storage.pointee.firstDirtyColumn {
            storage.pointee.firstDirtyColumn = column.pointee.nextDirty
            column.pointee.nextDirty = nil
            column.pointee.isDirty = false
        }
        for index in storage.pointee.components.indices where storage.pointee.components[index].isTracked {
            storage.pointee.components[index].isTracked = false
            storage.pointee.components[index].isFresh = false
            storage.forEachColumn(of: ComponentID(UInt32(index))) { $0.endMarks() }
        }
        storage.pointee.journal = StructureJournal()
        trackedResources = []
    }

    private func drainStructure(into log: ChangeLog) {
        for position in storage.pointee.journal.entries.indices {
            let entry = storage.pointee.journal.entries[position]
            switch entry.past {
            case .vacant: break
            case .unborn: log.spawned.append(entry.entity)
            case .alive where entry.isDespawned: log.despawned.append(entry.entity)
            case .alive(let past): drainComponents(of: entry, past: past, into: log)
            }
        }
        storage.pointee.journal.reset()
    }

    /// Logs the components that a surviving entity lost or replaced.
    private func drainComponents(of entry: StructureJournal.Entry, past: TablePointer, into log: ChangeLog) {
        guard let table = storage.pointee.entities.find(entry.entity)?.table else { return }
        if table != past {
            for component in past.pointee.signature where isKnownToObservers(component) {
                guard !table.pointee.has(component) else { continue }
                log.removed.append(ChangeLog.ComponentChange(component: component, entity: entry.entity))
            }
        }
        var position = entry.firstRemoval
        while position >= 0 {
            let removal = storage.pointee.journal.removals[Int(position)]
            position = removal.next
            guard isKnownToObservers(removal.component) else { continue }
            let change = ChangeLog.ComponentChange(component: removal.component, entity: entry.entity)
            if let sparse = storage.sparse(removal.component) {
                if sparse.pointee.row(of: entry.entity) >= 0 {
                    log.replaced.append(change)
                } else {
                    log.removed.append(change)
                }
            } else if table.pointee.has(removal.component) {
                log.replaced.append(change)
            }
        }
    }

    /// Whether a component was already tracked at the previous drain.
    private func isKnownToObservers(_ component: ComponentID) -> Bool {
        let entry = storage.pointee.components[component.index]
        return entry.isTracked && !entry.isFresh
    }

    /// Logs resources as rows of ``Entity/resource``. One that was inserted again has another value, and was not gone.
    private func drainResources(into log: ChangeLog) {
        for position in trackedResources.indices {
            let resource = trackedResources[position]
            let isThere = resource.drain(self, resource.wasThere == nil ? 0 : storage.pointee.drainStamp) {
                log.column(
                    resource.component, storage.pointee.components[resource.component.index].operations)
            }
            if !isThere, resource.wasThere == true {
                log.removed.append(ChangeLog.ComponentChange(component: resource.component, entity: .resource))
            }
            trackedResources[position].wasThere = isThere
        }
    }

    private func drainValues(into log: ChangeLog) {
        var next = storage.pointee.firstDirtyColumn
        storage.pointee.firstDirtyColumn = nil
        while let column = next {
            next = column.pointee.nextDirty
            column.pointee.nextDirty = nil
            column.pointee.isDirty = false
            let component = column.pointee.component
            log.column(component, storage.pointee.components[component.index].operations).drain(column)
        }
        for index in storage.pointee.components.indices where storage.pointee.components[index].isFresh {
            storage.pointee.components[index].isFresh = false
        }
    }
}
