// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

extension World {
    func perform(_ operation: ModelOperation) -> ModelOutcome {
        do throws(WorldError) {
            return try attempt(operation)
        } catch {
            return .refused(error.code)
        }
    }

    fileprivate func attempt(_ operation: ModelOperation) throws(WorldError) -> ModelOutcome {
        switch operation {
        case .spawn(let values): return .entities([spawnOne(of: values)])
        case .spawnColumns(let labels, let frozen, let burnings):
            return .entities(try spawn(columns: labels, frozen, burnings))
        case .spawnCopies(let count, let first, let second): return .entities(try spawnCopies(count, first, second))
        case .clone(let entity): return .entities([try clone(entity)])
        case .despawn(let entity): try despawn(entity)
        case .insert(let value, let entity): try insert(value, on: entity)
        case .remove(let type, let entity): return .value(try remove(type, from: entity).map(ModelValue.init))
        case .set(let value, let entity): try set(value, on: entity)
        case .update(let value, let entity): try replace(value, on: entity)
        case .updateUnmarked(let value, let entity): try replaceUnmarked(value, on: entity)
        case .read(let type, let entity): return .value(get(type, of: entity).map(ModelValue.init))
        case .write(let write): return .entities(perform(write))
        case .despawnAll(let type, let other): return .entities(despawnAll(type, without: other))
        case .clear:
            var entities: [Entity] = []
            forEachEntity { entities.append($0) }
            clear()
            return .entities(entities)
        case .send(let signal): send(signal)
        case .walk(let entity): return .family(family(of: entity))
        }
        return .done
    }

    private func spawnOne(of values: [any ModelComponent]) -> Entity {
        func one<A: ModelComponent>(_ first: A) -> Entity { spawn(first) }
        func two<A: ModelComponent, B: ModelComponent>(_ first: A, _ second: B) -> Entity { spawn(first, second) }
        return switch values.count {
        case 0: spawn()
        case 1: one(values[0])
        case 2: two(values[0], values[1])
        default: spawn(Prefab(of: values))
        }
    }

    private func spawnCopies<A: ModelComponent, B: ModelComponent>(
        _ count: Int, _ first: A, _ second: B
    ) throws(WorldError) -> [Entity] { try spawn(count: count, first, second) }

    private func replace<C: ModelComponent>(_ value: C, on entity: Entity) throws(WorldError) {
        try update(entity, C.self) { $0 = value }
    }

    private func replaceUnmarked<C: ModelComponent>(_ value: C, on entity: Entity) throws(WorldError) {
        try updateUnmarked(entity, C.self) { $0 = value }
    }

    private func despawnAll<C: ModelComponent, D: ModelComponent>(_ type: C.Type, without other: D.Type) -> [Entity] {
        let query = query(Read<C>.self).without(other)
        let entities = query.entities
        #expect(despawnAll(query) == entities.count)
        return entities
    }

    private func family(of entity: Entity) -> ModelFamily {
        ModelFamily(
            parent: parent(of: entity), ancestors: ancestors(of: entity), children: children(of: entity),
            descendants: descendants(of: entity),
            referrers: modelRelations.map { referrers(to: entity, by: $0) })
    }

    /// - Returns: The entities whose rows the query visits, in its order.
    private func perform(_ write: ModelWrite) -> [Entity] {
        switch write {
        case .healths(let gain): return query(Write<Health>.self).raise(by: gain)
        case .burnings: return query(Write<Burning>.self, Maybe<Mass>.self).timeByMass()
        case .labels: return query(Write<Label>.self, Read<Health>.self).nameByHealth()
        case .aims(let target): return query(Write<Aim>.self).point(at: target)
        case .both(let gain, let entity):
            let query = query(Write<Health>.self, Write<Label>.self).only(entity)
            let entities = query.entities
            query.forEach { health, label in
                health.current &+= gain
                label.text = "gained \(gain)"
            }
            return entities
        }
    }
}

extension QueryOf<(Entity, Write<Health>)> {
    /// In parts where there is a tick.
    func raise(by gain: Int32, in tick: TickContext? = nil) -> [Entity] {
        let query = without(Frozen.self)
        let entities = query.entities
        if let tick {
            query.forEachPart(tick) { part, _ in part.forEach { $0.current &+= gain } }
        } else {
            query.forEach { $0.current &+= gain }
        }
        return entities
    }
}

extension QueryOf<(Entity, Write<Burning>, Maybe<Mass>)> {
    func timeByMass() -> [Entity] {
        let query = withAny(Health.self, Note.self)
        let entities = query.entities
        query.forEach { burning, mass in burning.seconds = Float(mass?.kilograms ?? -1) }
        return entities
    }
}

extension QueryOf<(Entity, Write<Label>, Read<Health>)> {
    func nameByHealth(in tick: TickContext? = nil) -> [Entity] {
        let entities = entities
        if let tick {
            forEachPart(tick) { part, _ in part.forEach { $0.text = "health \($1.current)" } }
        } else {
            forEach { $0.text = "health \($1.current)" }
        }
        return entities
    }
}

extension QueryOf<(Entity, Write<Aim>)> {
    /// All rows are visited, a third of them is changed.
    func point(at target: Entity) -> [Entity] {
        let entities = entities
        forEachEntity { entity, aim in
            if entity.index.isMultiple(of: 3) { aim.target = target }
        }
        return entities
    }
}

extension QueryOf {
    /// What was written and gained since the query's moment.
    func changes<C: ModelComponent>(of component: C.Type) -> ModelOutcome {
        let (written, gained) = (changed(component).entities, added(component).entities)
        // One that is named twice is a difference.
        precondition(Set(written).count == written.count && Set(gained).count == gained.count)
        return .changes(written: Set(written), gained: Set(gained))
    }
}

extension Commands {
    /// Puts an operation off, in its own form where it has one.
    func put(_ operation: ModelOperation) {
        func one<A: ModelComponent>(_ first: A) { spawn(first) }
        func two<A: ModelComponent, B: ModelComponent>(_ first: A, _ second: B) { spawn(first, second) }
        switch operation {
        case .spawn(let values):
            switch values.count {
            case 0: spawn()
            case 1: one(values[0])
            case 2: two(values[0], values[1])
            default: spawn(Prefab(of: values))
            }
        case .despawn(let entity): despawn(entity)
        case .insert(let value, let entity): insert(value, on: entity)
        case .remove(let type, let entity): remove(type, from: entity)
        default: run { world throws(WorldError) in _ = try world.attempt(operation) }
        }
    }
}

extension Prefab {
    fileprivate init(of values: [any ModelComponent]) {
        self = values.reduce(Prefab()) { $0.with($1) }
    }
}
