import OrreryECS
import OrrerySchema
import Testing

extension ModelWorld {
    /// Applies a log to what observers know, and checks that it says what happened, all of it and no more.
    mutating func observe(_ log: ChangeLog, of world: World) {
        let before = observed
        for entity in log.despawned {
            #expect(observed.removeValue(forKey: entity) != nil, "only what was known can be despawned")
            #expect(entities[entity] == nil, "the despawned is dead")
        }
        for entity in log.spawned {
            #expect(observed.updateValue(ModelEntity(), forKey: entity) == nil, "only the unknown can be spawned")
        }
        var claims = 0
        for component in modelComponents { observe(component, log, world, before, &claims) }
        #expect(claims == log.removed.count + log.replaced.count)
        #expect(observed == entities.mapValues(visible), "what was known and the log make what is")
        sinceDrain = History()
    }

    /// What observers may know of an entity.
    private func visible(_ entity: ModelEntity) -> ModelEntity {
        var visible = entity
        if !tracked.contains(ObjectIdentifier(Mass.self)) { visible.mass = nil }
        if !tracked.contains(ObjectIdentifier(Note.self)) { visible.note = nil }
        visible.position = nil
        visible.counted = nil
        visible.kept = nil
        return visible
    }

    private mutating func observe<C: ModelComponent>(
        _ type: C.Type, _ log: ChangeLog, _ world: World, _ before: [Entity: ModelEntity], _ claims: inout Int
    ) {
        let id = ObjectIdentifier(type)
        let (removed, replaced) = (log.removed(type), log.replaced(type))
        claims += removed.count + replaced.count
        for entity in removed {
            #expect(observed[entity]?[C.self] != nil, "only what was known can be removed")
            observed[entity]?[C.self] = nil
        }
        let exchanged = Self.entities(type, of: sinceDrain.taken).filter {
            before[$0]?[C.self] != nil && entities[$0]?[C.self] != nil
        }
        #expect(Set(replaced) == exchanged && replaced.count == exchanged.count)

        var logged: Set<Entity> = []
        var count = 0
        log.withChanges(of: type) { entities, values in
            count = entities.count
            for row in entities.indices {
                logged.insert(entities[row])
                observed[entities[row]]?[C.self] = values[row]
            }
        }
        #expect(logged.count == count, "each row once")
        guard tracked.contains(id) else {
            #expect(count == 0, "what is not tracked is not logged")
            return
        }
        #expect(
            logged == Self.entities(type, of: sinceDrain.written), "the rows that were written, all of them and no more"
        )
    }
}
