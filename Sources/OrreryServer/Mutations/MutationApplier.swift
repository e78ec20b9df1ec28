import OrreryECS
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryWire

/// Applies the mutations of clients to the world, on the simulation thread at the beginning of a tick.
///
/// Each mutation is first prepared, which changes nothing and may refuse it, and then committed with its whole effect.
struct MutationApplier: ~Copyable {
    /// Indexed by ``ColumnID``.
    private let writers: [ComponentWriter]
    private let world: World
    private let spawnRule: ClientRule<ClientSpawn>
    private let despawnRule: ClientRule<ClientDespawn>
    private let visibilityRules: [VisibilityRule]
    private var values = PreparedValues()
    /// The components of the spawn that is being prepared.
    private var prepared: [(writer: ComponentWriter, value: UnsafeMutableRawPointer)] = []

    init(
        writers: [ComponentWriter], world: World, spawnRule: ClientRule<ClientSpawn>,
        despawnRule: ClientRule<ClientDespawn>, visibilityRules: [VisibilityRule]
    ) {
        self.writers = writers
        self.world = world
        self.spawnRule = spawnRule
        self.despawnRule = despawnRule
        self.visibilityRules = visibilityRules
    }

    /// - Returns: The outcome at the tick that is about to run, and the units of work that it took.
    mutating func apply(
        _ request: MutationRequest, at tick: Tick, _ sights: PersonalSights
    ) -> (MutationOutcome, work: Int) {
        let viewer = Viewer(
            client: ClientIdentity(id: request.client, name: request.clientName, subject: request.subject),
            visibility: request.visibility, rules: visibilityRules,
            shownRows: sights.cutRows(of: request.client))
        do throws(Refusal) {
            switch request.operation {
            case .set(let entity, let value, let expected):
                let work = try write(
                    .set(.whole(value.bytes), expected: expected, mayInsert: false), value.column, on: entity, viewer)
                return (.applied(tick, entities: []), work)
            case .insert(let entity, let component):
                let work = try write(
                    .set(component.content, expected: nil, mayInsert: true), component.column, on: entity, viewer)
                return (.applied(tick, entities: []), work)
            case .patch(let entity, let column, let patches):
                return (.applied(tick, entities: []), try write(.patch(patches), column, on: entity, viewer))
            case .remove(let entity, let column):
                try remove(column, from: entity, viewer)
                return (.applied(tick, entities: []), 1)
            case .spawn(let components):
                let (entity, work) = try spawn(components, by: viewer)
                return (.applied(tick, entities: [entity]), work)
            case .despawn(let entity):
                try despawn(entity, by: viewer)
                return (.applied(tick, entities: []), 4)
            }
        } catch {
            return (.refused(error), 1)
        }
    }

    private func writer(of column: ColumnID) throws(Refusal) -> ComponentWriter {
        guard column.rawValue < writers.count else {
            throw Refusal(.unknownComponent, "there is no component \(column)")
        }
        return writers[column.rawValue]
    }

    /// The living entity to write; `nil` for a resource, of which the sync thread has checked that it is named by no
    /// entity.
    private func target(_ entity: Entity, of writer: ComponentWriter, for viewer: Viewer) throws(Refusal) -> Entity? {
        if writer.isOfResource { return nil }
        try requireAlive(entity, for: viewer)
        return entity
    }

    private func requireAlive(_ entity: Entity, for viewer: Viewer) throws(Refusal) {
        guard viewer.sees(entity, in: world) else { throw Refusal(.unknownEntity, "entity \(entity) is not alive") }
    }

    private mutating func write(
        _ write: ComponentWriter.Write, _ column: ColumnID, on entity: Entity, _ viewer: Viewer
    ) throws(Refusal) -> Int {
        let writer = try writer(of: column)
        let entity = try target(entity, of: writer, for: viewer)
        values.reserve(writer.size)
        let value = values.place(size: writer.size, alignment: writer.alignment)
        let work = try writer.prepare(write, on: entity, by: viewer, at: value)
        try committing { () throws(WorldError) in try writer.commit(value, on: entity) }
        return work
    }

    private func remove(_ column: ColumnID, from entity: Entity, _ viewer: Viewer) throws(Refusal) {
        let writer = try writer(of: column)
        let entity = try target(entity, of: writer, for: viewer)
        try writer.prepareRemoval(from: entity, by: viewer)
        try committing { () throws(WorldError) in try writer.commitRemoval(from: entity) }
    }

    private mutating func spawn(
        _ components: [Mutation.NewComponent], by viewer: Viewer
    ) throws(Refusal) -> (Entity, work: Int) {
        if !spawnRule.isOpen { throw Self.closed("spawning") }
        var byteCount = 0
        for component in components {
            let writer = try writer(of: component.column)
            byteCount += writer.size + writer.alignment
        }
        values.reserve(byteCount)
        prepared.removeAll(keepingCapacity: true)
        var work = 1
        do throws(Refusal) {
            for component in components {
                let writer = try writer(of: component.column)
                let value = values.place(size: writer.size, alignment: writer.alignment)
                work += try writer.prepare(
                    .set(component.content, expected: nil, mayInsert: true), on: nil, by: viewer, at: value)
                prepared.append((writer, value))
            }
            try ask(spawnRule, "spawning") { judge in
                let values = SpawnValues(prepared, world)
                defer { values.end() }
                return judge(ClientSpawn(client: viewer.client, world: WorldReader(world), values: values))
            }
        } catch {
            for (writer, value) in prepared { writer.discard(value) }
            throw error
        }
        defer { for (writer, value) in prepared { writer.discard(value) } }
        do throws(WorldError) {
            return (
                try world.trySpawn(copying: prepared.map { ($0.writer.component, UnsafeRawPointer($0.value)) }), work
            )
        } catch {
            throw Refusal(.limitReached, error.description)
        }
    }

    private func despawn(_ entity: Entity, by viewer: Viewer) throws(Refusal) {
        try requireAlive(entity, for: viewer)
        try ask(despawnRule, "despawning") { judge in
            judge(ClientDespawn(client: viewer.client, entity: entity, world: WorldReader(world)))
        }
        try committing { () throws(WorldError) in try world.despawn(entity) }
    }

    private func ask<Request>(
        _ rule: ClientRule<Request>, _ what: String, _ call: (_ judge: (Request) -> WriteVerdict) -> WriteVerdict
    ) throws(Refusal) {
        switch rule.access {
        case .never: throw Self.closed(what)
        case .always: return
        case .judged(let judge):
            if let reason = call(judge).reason(of: what) { throw Refusal(.forbidden, reason) }
        }
    }

    private static func closed(_ what: String) -> Refusal { Refusal(.notWritable, "\(what) is for the server alone") }

    /// Commits a prepared mutation. It fails only if a rule or an observer ended the entity meanwhile.
    private func committing(_ body: () throws(WorldError) -> Void) throws(Refusal) {
        do throws(WorldError) {
            try body()
        } catch {
            throw Refusal(.unknownEntity, "a rule or an observer of the world has ended the entity meanwhile")
        }
    }
}
