import OrreryECS
import OrrerySchema

extension ModelWorld {
    /// - Parameter outcome: What came of it in the world, for the order in which its rows were visited; all else is
    ///   said by the model.
    mutating func perform(_ operation: ModelOperation, like outcome: ModelOutcome = .done) -> ModelOutcome {
        switch operation {
        case .spawn(let values): return .entities(spawn([values]))
        case .spawnColumns(let labels, let frozen, let burnings):
            return .entities(spawn(labels.indices.map { [labels[$0], frozen[$0], burnings[$0]] }))
        case .spawnCopies(let count, let first, let second):
            return .entities(spawn(Array(repeating: [first, second], count: count)))
        case .clone(let entity):
            guard let known = entities[entity] else { return .refused(.entityDead) }
            return .entities(spawn([known.values.map(\.base)]))
        case .despawn(let entity): return despawn(entity)
        case .insert(let value, let entity):
            guard entities[entity] != nil else { return .refused(.entityDead) }
            put(value, on: entity)
        case .remove(let type, let entity):
            guard entities[entity] != nil else { return .refused(.entityDead) }
            return .value(take(ObjectIdentifier(type), from: entity))
        case .set(let value, let entity), .update(let value, let entity):
            if let refusal = refusal(of: value, on: entity) { return refusal }
            put(value, on: entity)
        case .updateUnmarked(let value, let entity):
            if let refusal = refusal(of: value, on: entity) { return refusal }
            let component = ObjectIdentifier(type(of: value))
            entities[entity]?[component] = ModelValue(value)
            if let relation = value as? any Relation { relink(component, of: entity, to: relation.target) }
        case .read(let type, let entity): return .value(entities[entity]?[ObjectIdentifier(type)])
        case .write(let write): return .entities(perform(write, like: outcome))
        case .despawnAll(let type, let other):
            return .entities(despawn(entities(with: type, without: other), like: outcome))
        case .clear: return .entities(despawn(living, like: outcome))
        case .send(let signal): events.send(signal)
        case .walk(let entity): return .family(family(of: entity))
        }
        return .done
    }

    /// Applies what was put off, and what that puts off.
    mutating func flushCommands() {
        while !commands.isEmpty {
            let round = commands
            commands = []
            performPutOff(round)
        }
    }

    mutating func performPutOff(_ operations: [ModelOperation]) {
        for operation in operations {
            if case .refused = perform(operation) { droppedCommandCount += 1 }
        }
    }

    private func refusal(of value: any ModelComponent, on entity: Entity) -> ModelOutcome? {
        guard let known = entities[entity] else { return .refused(.entityDead) }
        return known[ObjectIdentifier(type(of: value))] == nil ? .refused(.componentMissing) : nil
    }

    /// Some entities at once: all are there before observers hear of the first.
    private mutating func spawn(_ values: [[any ModelComponent]]) -> [Entity] {
        let spawned = values.map { spawn($0) }
        for entity in spawned { noteAll(.added, of: entity) }
        tell()
        return spawned
    }

    private mutating func put(_ value: any ModelComponent, on entity: Entity) {
        let old = assign(value, on: entity)
        note(value, on: entity, instead: old)
        tell()
    }

    private mutating func note(_ value: any ModelComponent, on entity: Entity, instead old: ModelValue?) {
        note(
            old == nil ? .added : .changed, ObjectIdentifier(type(of: value)), entity, old: old, new: ModelValue(value))
    }

    /// - Returns: The value that was there.
    mutating func take(_ component: ObjectIdentifier, from entity: Entity) -> ModelValue? {
        guard let value = entities[entity]?[component] else { return nil }
        note(.removed, component, entity, old: value, new: nil)
        removing = (entity, component)
        tell()
        removing = nil
        // An observer may have written it.
        let last = entities[entity]?[component]
        withdraw(component, from: entity)
        relink(component, of: entity, to: nil)
        return last
    }

    /// Rows in the order of the world, if they are the same.
    private func ordered(_ rows: [Entity], like outcome: ModelOutcome) -> [Entity] {
        guard case .entities(let order) = outcome, order.count == rows.count, Set(order) == Set(rows) else {
            return rows
        }
        return order
    }

    private mutating func despawn(_ rows: [Entity], like outcome: ModelOutcome) -> [Entity] {
        let rows = ordered(rows, like: outcome)
        for entity in rows { _ = despawn(entity) }
        return rows
    }

    private mutating func perform(_ write: ModelWrite, like outcome: ModelOutcome) -> [Entity] {
        switch write {
        case .healths(let gain):
            return putAll(on: entities(with: Health.self, without: Frozen.self), like: outcome) { model, entity in
                model[entity, Health.self].map { Health(current: $0.current &+ gain) }
            }
        case .burnings:
            let rows = living.filter {
                self[$0, Burning.self] != nil && (self[$0, Health.self] != nil || self[$0, Note.self] != nil)
            }
            return putAll(on: rows, like: outcome, rowByRow: true) { model, entity in
                Burning(seconds: Float(model[entity, Mass.self]?.kilograms ?? -1))
            }
        case .labels:
            let rows = living.filter { self[$0, Label.self] != nil && self[$0, Health.self] != nil }
            return putAll(on: rows, like: outcome) { model, entity in
                model[entity, Health.self].map { Label(text: "health \($0.current)") }
            }
        case .aims(let target):
            return putAll(on: living.filter { self[$0, Aim.self] != nil }, like: outcome) { model, entity in
                entity.index.isMultiple(of: 3) ? Aim(target: target) : model[entity, Aim.self]
            }
        case .both(let gain, let entity):
            guard let health = self[entity, Health.self], self[entity, Label.self] != nil else { return [] }
            let (new, label) = (Health(current: health.current &+ gain), Label(text: "gained \(gain)"))
            let (oldHealth, oldLabel) = (assign(new, on: entity), assign(label, on: entity))
            // Both are written when the first is told of.
            note(new, on: entity, instead: oldHealth)
            note(label, on: entity, instead: oldLabel)
            tell()
            return [entity]
        }
    }

    private mutating func putAll(
        on rows: [Entity], like outcome: ModelOutcome, rowByRow isRowByRow: Bool = false,
        _ value: (ModelWorld, Entity) -> (any ModelComponent)?
    ) -> [Entity] {
        let rows = ordered(rows, like: outcome)
        for piece in pieces(of: rows, rowByRow: isRowByRow) {
            let values = piece.map { value(self, $0) }
            let old = zip(piece, values).map { entity, value in value.flatMap { assign($0, on: entity) } }
            for (position, entity) in piece.enumerated() {
                if let value = values[position] { note(value, on: entity, instead: old[position]) }
            }
            tell()
        }
        return rows
    }

    /// The rows of each table by 1024, after which observers are told; each by itself where the query goes through a
    /// sparse set.
    private func pieces(of rows: [Entity], rowByRow: Bool) -> [ArraySlice<Entity>] {
        var pieces: [ArraySlice<Entity>] = []
        var (start, tableStart) = (0, 0)
        for end in rows.indices.map({ $0 + 1 }) {
            let isLastOfTable = end == rows.count || signature(of: rows[end]) != signature(of: rows[end - 1])
            guard rowByRow || isLastOfTable || (end - tableStart).isMultiple(of: 1024) else { continue }
            pieces.append(rows[start..<end])
            start = end
            if isLastOfTable { tableStart = end }
        }
        return pieces
    }

    /// What says in which table an entity is.
    private func signature(of entity: Entity) -> [Bool] {
        guard let known = entities[entity] else { return [] }
        return components.map { $0.storage == .table && known[ObjectIdentifier($0)] != nil }
    }
}
