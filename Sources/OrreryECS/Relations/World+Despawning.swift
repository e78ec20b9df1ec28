internal import OrrerySchema

/// The end of entities that somebody hears of, or points at.
///
/// An entity that ends takes others with it: each is told of before those that end with it, and is gone after them. So
/// whoever hears of an end still reads the parent, and its parent, and where everybody points who ends. Those that live
/// on lose their relations last.
extension World {
    /// What is still to be done, the next last.
    private enum Step {
        /// To begin the end of an entity; of one that points at another, if it still does.
        case begin(Entity, pointing: (index: ReferenceIndex, target: Entity)?)
        /// To end an entity when those have ended that end with it.
        case finish(Entity)
    }

    /// Whether somebody hears of the end of an entity, or may point at it.
    /// - Complexity: O(sparse components that are watched).
    func isHeard(_ entity: Entity, in table: TablePointer) -> Bool {
        storage.isWatched(entity, in: table) || storage.pointee.targets.mayHold(entity.index)
    }

    /// Ends all entities of some tables, if nobody hears of any of them.
    /// - Returns: Whether it did.
    /// - Complexity: O(entities).
    func endUnheard(_ tables: [TablePointer]) -> Bool {
        guard tables.allSatisfy(mayAllEndUnheard) else { return false }
        for table in tables { storage.removeAllRows(of: table) }
        return true
    }

    /// Whether all entities of a table can end without anybody hearing of it.
    /// - Complexity: O(entities), but only where there are relations; O(1) where somebody hears of all of them.
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

    /// Ends a living entity, and those that end with it: depth first, the one that has pointed at it for longest first.
    func despawnHeard(_ entity: Entity) {
        var steps: [Step] = [.begin(entity, pointing: nil)]
        while let step = steps.popLast() {
            switch step {
            case .begin(let entity, let pointing):
                // An observer may have written where it points.
                let isDue = pointing.map { $0.index.target(of: entity.index) == $0.target } ?? true
                guard isDue, contains(entity), !watching.ending.contains(entity) else { continue }
                tellDespawning(entity)
                steps.append(.finish(entity))
                steps += bound(to: entity)
            case .finish(let entity):
                // Observers of those that ended meanwhile may have let others point at it, and so may those of
                // relations that are taken.
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

    /// The beginnings of the ends of those that are to end with an entity.
    private func bound(to target: Entity) -> [Step] {
        var steps: [Step] = []
        for index in referenceIndexes where index.whenTargetDespawns == .despawnsEntity {
            for source in referrers(to: target, by: index) where !watching.ending.contains(source) {
                steps.append(.begin(source, pointing: (index, target)))
            }
        }
        return steps
    }

    /// Takes the relations by which others point at an entity that is about to end.
    /// - Returns: Whether there was one.
    private func takeRelations(to target: Entity) -> Bool {
        var hasTaken = false
        for index in referenceIndexes where index.whenTargetDespawns == .removesRelation {
            for source in referrers(to: target, by: index) where !watching.ending.contains(source) {
                // An observer may have written where it points.
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
