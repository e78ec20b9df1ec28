import OrreryECS
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryWire

/// Applies what clients want changed to the world: simulation thread, at the beginning of a tick, in the order of arrival.
struct MutationApplier: Sendable {
    /// By ``ColumnID``.
    let writers: [ComponentWriter]
    let spawnRule: LifeRule
    let despawnRule: LifeRule

    /// - Returns: what became of it, at the tick that is about to run.
    func apply(_ request: MutationRequest, to world: World, at tick: Tick) -> MutationOutcome {
        let client = ClientIdentity(id: request.client, name: request.clientName)
        do throws(MutationRefusal) {
            switch request.operation {
            case .set(let entity, let value, let expected):
                try writer(of: value.column).apply(
                    .set(bytes: value.bytes, expected: expected, mayInsert: false), entity, client, world)
            case .insert(let entity, let value):
                try writer(of: value.column).apply(
                    .set(bytes: value.bytes, expected: nil, mayInsert: true), entity, client, world)
            case .patch(let entity, let column, let patches):
                try writer(of: column).apply(.patch(patches), entity, client, world)
            case .remove(let entity, let column): try writer(of: column).apply(.remove, entity, client, world)
            case .spawn(let values):
                return .applied(tick, spawned: try spawn(values, by: client, in: world))
            case .despawn(let entity): try despawn(entity, by: client, in: world)
            }
            return .applied(tick, spawned: nil)
        } catch {
            return .refused(error)
        }
    }

    private func writer(of column: ColumnID) throws(MutationRefusal) -> ComponentWriter {
        guard column.rawValue < writers.count else {
            throw MutationRefusal(.unknownComponent, "there is no component \(column)")
        }
        return writers[column.rawValue]
    }

    private func spawn(
        _ values: [Mutation.ComponentValue], by client: ClientIdentity, in world: World
    ) throws(MutationRefusal) -> Entity {
        try ask(spawnRule, client, nil, world, "spawn")
        var inserts: [(Entity, World) throws(WorldError) -> Void] = []
        for value in values { inserts.append(try writer(of: value.column).prepare(value.bytes, client, world)) }
        do throws(WorldError) {
            let entity = try world.trySpawn()
            for insert in inserts { try insert(entity, world) }
            return entity
        } catch {
            throw MutationRefusal(.limitReached, error.description)
        }
    }

    private func despawn(_ entity: Entity, by client: ClientIdentity, in world: World) throws(MutationRefusal) {
        guard world.contains(entity) else { throw MutationRefusal(.unknownEntity, "entity \(entity) is not alive") }
        try ask(despawnRule, client, entity, world, "despawn")
        do throws(WorldError) {
            try world.despawn(entity)
        } catch {
            throw MutationRefusal(.unknownEntity, error.description)
        }
    }

    private func ask(
        _ rule: LifeRule, _ client: ClientIdentity, _ entity: Entity?, _ world: World, _ what: String
    ) throws(MutationRefusal) {
        guard let judge = rule.judge else { throw MutationRefusal(.notWritable, "clients may not \(what) here") }
        if case .refuse(let reason) = judge(client, entity, world) { throw MutationRefusal(.forbidden, reason) }
    }
}
