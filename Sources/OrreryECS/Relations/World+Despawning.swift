internal import OrrerySchema

/// Despawning of entities that are observed, or that relations point at.
///
/// Despawning an entity may despawn others with it: its dependents. Observers are notified of an entity before its
/// dependents, and the entity is removed after them. So an observer can still read the parent, its parent, and the
/// targets of all entities that are ending. Entities that survive lose their relations last.
extension World {
    /// A pending step. The last step of a list is the next to run.
    private enum Step {
        /// Begins the end of an entity. With `pointing`, only if the entity still points at that target.
        case begin(Entity, pointing: (index: ReferenceIndex, target: Entity)?)
        /// Ends an entity after its dependents have ended.
        case finish(Entity)
    }

    /// Whether the end of an entity is observed, or a relation may point at the entity.
    /// - Complexity: O(watched sparse components).
    func isHeard(_ entity: Entity, in table: TablePointer) -> Bool {
        storage.isWatched(entity, in: table) || storage.pointee.targets.mayHold(entity.index)
    }

    /// Ends all entities of some tables, if none of them is observed or pointed at.
    /// - Returns: Whether the entities were ended.
    /// - Complexity: O(entities).
    func endUnheard(_ tables: [TablePointer]) -> Bool {
        guard tables.allSatisfy(mayAllEndUnheard) else { return false }
        for table in tables { storage.removeAllRows(of: table) }
        return true
    }

    /// Whether no entity of a table is observed or pointed at.
    /// - Complexity: O(entities), but only if there are relations; O(1) if all entities of the table are observed.
    private func mayAllEndUnheard(in table: TablePointer) -> Bool {
        guard storage.pointee.isWatched else { return true }
        guard !table.pointee.isWatched, storage.pointee.watchedSparse.isEmpty else { return false }
        let targets = storage.pointee.targets
        guard !targets.isEmpty else { return true }
        for page in 0..<table.pointee.usedPageCount {
            let rows = table.pointee.rows(page: page)
            let entities = table.pointee.entities(from: rows.lowerBound)
            for row in rows.indices where targets.mayHold(entities[row - rows.lowerBound].index) { return false }
        }
        return true
    }

    /// Ends a living entity and its dependents: depth first, the oldest referrer first.
    func despawnHeard(_ entity: Entity) {
        var steps: [Step] = [.begin(entity, pointing: nil)]
        while let step = steps.popLast() {
            switch step {
            case .begin(let entity, let pointing):
                // An observer may have changed its target.
                let isDue = pointing.map { $0.index.target(of: entity.index) == $0.target } ?? true
                guard isDue, contains(entity), !watching.ending.contains(entity) else { continue }
                tellDespawning(entity)
                steps.append(.finish(entity))
                steps += bound(to: entity)
            case .finish(let entity):
                // Observers of entities that ended meanwhile may have made others point at it, and so may observers of
                // removed relations.
                let bound = bound(to: entity)
                if !bound.isEmpty || takeRelations(to: entity) {
                    steps.append(.finish(entity))
                    steps += bound
                } else {
                    finish(entity)
                }
            }
        }
    }

    /// The steps that begin the ends of an entity's dependents.
    private func bound(to target: Entity) -> [Step] {
        var steps: [Step] = []
        for index in referenceIndexes where index.whenTargetDespawns == .despawnsEntity {
            for source in referrers(to: target, by: index) where !watching.ending.contains(source) {
                steps.append(.begin(source, pointing: (index, target)))
            }
        }
        return steps
    }

    /// Removes the relations by which others point at an entity that is about to end.
    /// - Returns: Whether there was one.
    private func takeRelations(to target: Entity) -> Bool {
        var hasTaken = false
        for index in referenceIndexes where index.whenTargetDespawns == .removesRelation {
            for source in referrers(to: target, by: index) where !watching.ending.contains(source) {
                // An observer may have changed its target.
                guard index.target(of: source.index) == target else { continue }
                _ = try? remove(index.component, from: source)
                hasTaken = true
            }
        }
        return hasTaken
    }

    private func finish(_ entity: Entity) {
        for index in referenceIndexes { index.forget(entity) }
        storage.pointee.targets.remove(entity.index)
        watching.ending.remove(entity)
        if let row = storage.pointee.entities.find(entity) { end(entity, row) }
    }
}
