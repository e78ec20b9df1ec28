// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

extension ModelScript {
    mutating func spawn() {
        let entity: Entity
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            entity = world.spawn()
            model.spawn(entity)
        case 1:
            let (label, health) = (Label.make(nextNumber(), ledger), Health.make(nextNumber(), ledger))
            entity = world.spawn(label, health)
            model.spawn(entity)
            model.put(label, on: entity)
            model.put(health, on: entity)
        case 2:
            let (position, burning) = (Position.make(nextNumber(), ledger), Burning.make(nextNumber(), ledger))
            let counted = Counted.make(0, ledger)
            entity = world.spawn(position, Frozen(), burning, counted)
            model.spawn(entity)
            model.put(position, on: entity)
            model.put(Frozen(), on: entity)
            model.put(burning, on: entity)
            model.put(counted, on: entity)
        default:
            let health = Health.make(nextNumber(), ledger)
            entity = world.spawn(health)
            model.spawn(entity)
            model.put(health, on: entity)
        }
    }

    mutating func spawnMany() throws {
        // Some across the border of a chunk.
        let count = random.chance(1, in: 10) ? 1100 : Int.random(in: 0..<40, using: &random)
        if random.chance(1, in: 2) {
            let labels = (0..<count).map { _ in Label.make(nextNumber(), ledger) }
            let burnings = (0..<count).map { _ in Burning.make(nextNumber(), ledger) }
            let frozen = [Frozen](repeating: Frozen(), count: count)
            for (position, entity) in try world.spawn(columns: labels, frozen, burnings).enumerated() {
                model.spawn(entity)
                model.put(labels[position], on: entity)
                model.put(Frozen(), on: entity)
                model.put(burnings[position], on: entity)
            }
        } else {
            let (health, kept) = (Health.make(nextNumber(), ledger), Kept.make(0, ledger))
            for entity in try world.spawn(count: count, health, kept) {
                model.spawn(entity)
                model.put(health, on: entity)
                model.put(kept, on: entity)
            }
        }
    }

    mutating func despawn() throws {
        guard let entity = model.living.randomElement(using: &random) else { return }
        try world.despawn(entity)
        model.despawn(entity)
    }

    mutating func clone() throws {
        guard let entity = model.living.randomElement(using: &random) else { return }
        model.clone(entity, as: try world.clone(entity))
    }

    mutating func despawnAll<C: ModelComponent, D: ModelComponent>(_ type: C.Type, without other: D.Type) {
        let gone = model.entities(with: type, without: other)
        #expect(world.query(Read<C>.self).without(other).despawnAll() == gone.count)
        for entity in gone { model.despawn(entity) }
    }

    mutating func change<C: ModelComponent>(_ type: C.Type) throws {
        guard let entity = model.living.randomElement(using: &random) else { return }
        let value = C.make(nextNumber(), ledger)
        let has = model.entities[entity]?[C.self] != nil
        switch Int.random(in: 0..<6, using: &random) {
        case 0...1:
            try world.insert(value, on: entity)
            model.put(value, on: entity)
        case 2...3:
            #expect(try world.remove(type, from: entity) == model.entities[entity]?[C.self])
            model.take(type, from: entity)
        case 4 where has:
            try world.set(value, on: entity)
            model.put(value, on: entity)
        case 5 where has:
            try world.update(entity, type) { $0 = value }
            model.put(value, on: entity)
        default:
            #expect(throws: WorldError.self) { try world.set(value, on: entity) }
        }
    }

    mutating func touchTheDead() throws {
        guard let entity = model.living.randomElement(using: &random) else { return }
        let dead = Entity(index: entity.index, generation: entity.generation &- 1)
        #expect(!world.contains(dead) && world[dead, Health.self] == nil && world[dead, Burning.self] == nil)
        #expect(world.contains(entity))
    }

    mutating func writeHealths() {
        let gain = nextNumber()
        world.query(Write<Health>.self).without(Frozen.self).forEach { $0.current &+= gain }
        for entity in model.living {
            guard let known = model.entities[entity], let health = known.health, known.frozen == nil else { continue }
            model.put(Health(current: health.current &+ gain), on: entity)
        }
    }

    mutating func writeBurnings() {
        world.query(Write<Burning>.self, Maybe<Mass>.self).withAny(Health.self, Note.self).forEach { burning, mass in
            burning.seconds = Float(mass?.kilograms ?? -1)
        }
        for entity in model.living {
            guard let known = model.entities[entity], known.burning != nil, known.health != nil || known.note != nil
            else { continue }
            model.put(Burning(seconds: Float(known.mass?.kilograms ?? -1)), on: entity)
        }
    }

    mutating func writeLabels() {
        world.query(Write<Label>.self, Read<Health>.self).forEach { $0.text = "health \($1.current)" }
        for entity in model.living {
            guard let known = model.entities[entity], known.label != nil, let health = known.health else { continue }
            model.put(Label(text: "health \(health.current)"), on: entity)
        }
    }
}
