import OrreryECS
import OrrerySchema
import Testing

extension ModelWorld {
    mutating func track(_ component: any ModelComponent.Type) {
        let component = ObjectIdentifier(component)
        tracked.insert(component)
        sinceDrain[component, default: History()].written.formUnion(entities.filter { $0.value[component] != nil }.keys)
    }

    /// Applies a log to what its reader knows, and checks that it says what happened, all of it and no more.
    mutating func observe(_ log: ChangeLog, _ place: Comment) throws {
        let before = observed
        for entity in log.despawned {
            let known = observed.removeValue(forKey: entity)
            try #require(known != nil && entities[entity] == nil, "only what was known can be despawned; \(place)")
        }
        for entity in log.spawned {
            let known = observed.updateValue([:], forKey: entity)
            try #require(known == nil, "only the unknown can be spawned; \(place)")
        }
        var claimCount = 0
        for component in components { claimCount += try observe(component, log, before, place) }
        try #require(claimCount == log.removed.count + log.replaced.count, place)
        let visible = entities.mapValues { $0.filter { tracked.contains($0.key) } }
        let isWhole = observed == visible
        try #require(isWhole, "what was known and the log make what is; \(place)")
        endDrain()
    }

    /// - Returns: How many removals and replacements the log tells of.
    private mutating func observe<C: ModelComponent>(
        _ type: C.Type, _ log: ChangeLog, _ before: [Entity: ModelEntity], _ place: Comment
    ) throws -> Int {
        let component = ObjectIdentifier(type)
        let history = sinceDrain[component] ?? History()
        let (removed, replaced) = (log.removed(type), log.replaced(type))
        for entity in removed {
            let known = observed[entity]?.removeValue(forKey: component)
            try #require(known != nil, "only what was known can be removed; \(place)")
        }
        let exchanged = history.taken.filter { before[$0]?[component] != nil && entities[$0]?[component] != nil }
        try #require(
            Set(replaced) == exchanged && replaced.count == exchanged.count, "what was lost and gained again; \(place)")

        var logged: Set<Entity> = []
        var count = 0
        log.withChanges(of: type) { entities, values in
            count = entities.count
            for row in entities.indices {
                logged.insert(entities[row])
                observed[entities[row]]?[component] = ModelValue(values[row])
            }
        }
        try #require(logged.count == count, "each row once; \(place)")
        try #require(
            logged == (tracked.contains(component) ? history.written : []),
            "the rows of tracked components that were written, all of them and no more; \(place)")
        return removed.count + replaced.count
    }

    /// What a query should find that asks for a component's changes, all values if it asks for the first time.
    mutating func changes(of component: any ModelComponent.Type) -> ModelOutcome {
        let component = ObjectIdentifier(component)
        guard let history = sinceAsked.updateValue(History(), forKey: component) else {
            let all = Set(entities.filter { $0.value[component] != nil }.keys)
            return .changes(written: all, gained: all)
        }
        return .changes(written: history.written, gained: history.gained)
    }

    /// Who has lost a component since it was asked for; nobody if it is asked for the first time.
    mutating func losses(of component: any ModelComponent.Type) -> ModelOutcome {
        .lost(losses.updateValue([], forKey: ObjectIdentifier(component)) ?? [])
    }

    /// Whether a world has the same values, all of them and no more.
    func isEqual(to world: World) -> Bool {
        world.entityCount == entities.count && components.allSatisfy { hasEqualValues(of: $0, as: world) }
    }

    private func hasEqualValues<C: ModelComponent>(of type: C.Type, as world: World) -> Bool {
        let component = ObjectIdentifier(type)
        var (count, isEqual) = (0, true)
        world.query(Read<C>.self).forEachEntity { entity, value in
            count += 1
            isEqual = isEqual && entities[entity]?[component] == ModelValue(value)
        }
        return isEqual && count == entities.values.count { $0[component] != nil }
    }
}
