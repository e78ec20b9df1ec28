import OrreryECS
import OrrerySchema
import Testing

/// One entity of the naive world.
struct ModelEntity: Equatable {
    var health: Health?
    var label: Label?
    var frozen: Frozen?
    var mass: Mass?
    var position: Position?
}

extension ModelEntity {
    subscript<C: ModelComponent>(_: C.Type) -> C? {
        get { C.read(self) }
        set { C.write(newValue, &self) }
    }
}

/// A component of the naive world: how to reach it there, and how to make one. (Key paths are ten times slower in
/// debug.)
protocol ModelComponent: Component, Hashable {
    static func read(_ entity: ModelEntity) -> Self?
    static func write(_ value: Self?, _ entity: inout ModelEntity)
    init(number: Int32)
}

extension Health: ModelComponent {
    static func read(_ entity: ModelEntity) -> Self? { entity.health }
    static func write(_ value: Self?, _ entity: inout ModelEntity) { entity.health = value }
    init(number: Int32) { self.init(current: number) }
}

extension Label: ModelComponent {
    static func read(_ entity: ModelEntity) -> Self? { entity.label }
    static func write(_ value: Self?, _ entity: inout ModelEntity) { entity.label = value }
    init(number: Int32) { self.init(text: "a label of some length, number \(number)") }
}

extension Frozen: ModelComponent {
    static func read(_ entity: ModelEntity) -> Self? { entity.frozen }
    static func write(_ value: Self?, _ entity: inout ModelEntity) { entity.frozen = value }
    init(number: Int32) { self.init() }
}

extension Mass: ModelComponent {
    static func read(_ entity: ModelEntity) -> Self? { entity.mass }
    static func write(_ value: Self?, _ entity: inout ModelEntity) { entity.mass = value }
    init(number: Int32) { self.init(kilograms: Double(number)) }
}

extension Position: ModelComponent {
    static func read(_ entity: ModelEntity) -> Self? { entity.position }
    static func write(_ value: Self?, _ entity: inout ModelEntity) { entity.position = value }
    init(number: Int32) { self.init(x: Float(number), y: 1, z: -1) }
}

/// A world in dictionaries: the simplest thing that can be right, and what an observer should have heard of it.
struct ModelWorld {
    struct Mark: Hashable {
        let component: ObjectIdentifier
        let entity: Entity
    }

    var entities: [Entity: ModelEntity] = [:]
    /// In order of spawning, to pick from at random; the dead are taken out.
    var living: [Entity] = []
    var tracked: Set<ObjectIdentifier> = []

    /// As an observer knows it from the logs alone.
    var observed: [Entity: ModelEntity] = [:]
    /// Values written since the last drain.
    var written: Set<Mark> = []
    /// Components taken since the last drain.
    var taken: Set<Mark> = []

    mutating func spawn(_ entity: Entity) {
        entities[entity] = ModelEntity()
        living.append(entity)
    }

    mutating func despawn(at position: Int) -> Entity {
        living.swapAt(position, living.count - 1)
        let entity = living.removeLast()
        entities[entity] = nil
        return entity
    }

    mutating func put<C: ModelComponent>(_ value: C, on entity: Entity) {
        entities[entity]?[C.self] = value
        written.insert(Mark(component: ObjectIdentifier(C.self), entity: entity))
    }

    mutating func take<C: ModelComponent>(_ type: C.Type, from entity: Entity) {
        let mark = Mark(component: ObjectIdentifier(C.self), entity: entity)
        if entities[entity]?[C.self] != nil { taken.insert(mark) }
        entities[entity]?[C.self] = nil
        written.remove(mark)
    }

    /// What observers may know of an entity.
    func visible(_ entity: ModelEntity) -> ModelEntity {
        var visible = ModelEntity()
        func copy<C: ModelComponent>(_: C.Type) {
            if tracked.contains(ObjectIdentifier(C.self)) { visible[C.self] = entity[C.self] }
        }
        copy(Health.self)
        copy(Label.self)
        copy(Frozen.self)
        copy(Mass.self)
        copy(Position.self)
        return visible
    }

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
        observe(Health.self, log, world, before, &claims)
        observe(Label.self, log, world, before, &claims)
        observe(Frozen.self, log, world, before, &claims)
        observe(Mass.self, log, world, before, &claims)
        observe(Position.self, log, world, before, &claims)
        #expect(claims == log.removed.count + log.replaced.count)
        #expect(observed == entities.mapValues(visible), "what was known and the log make what is")
        written = []
        taken = []
    }

    private mutating func observe<C: ModelComponent>(
        _ type: C.Type, _ log: ChangeLog, _ world: World, _ before: [Entity: ModelEntity], _ claims: inout Int
    ) {
        let component = world.register(type)
        let id = ObjectIdentifier(type)
        let removed = log.removed.filter { $0.component == component }.map(\.entity)
        let replaced = log.replaced.filter { $0.component == component }.map(\.entity)
        claims += removed.count + replaced.count
        for entity in removed {
            #expect(observed[entity]?[C.self] != nil, "only what was known can be removed")
            observed[entity]?[C.self] = nil
        }
        let exchanged = taken.filter {
            $0.component == id && before[$0.entity]?[C.self] != nil
                && entities[$0.entity]?[C.self] != nil
        }
        #expect(Set(replaced) == Set(exchanged.map(\.entity)) && replaced.count == exchanged.count)

        guard let column = log[component] else { return }
        for (row, entity) in column.entities.enumerated() {
            let value = column.rows.map { $0.load(fromByteOffset: row * column.stride, as: C.self) } ?? C()
            observed[entity]?[C.self] = value
        }
        let logged = Set(column.entities)
        let expected = written.filter { $0.component == id && entities[$0.entity]?[C.self] != nil }
        #expect(logged.count == column.count, "each row once")
        #expect(logged == Set(expected.map(\.entity)), "the rows that were written, all of them and no more")
    }

    /// Compares all values.
    func expectEqual(_ world: World) {
        #expect(world.entityCount == entities.count)
        var equal = true
        func compare<C: ModelComponent>(_ type: C.Type, _ entity: Entity, _ model: ModelEntity) {
            equal = equal && world[entity, type] == model[C.self]
        }
        for (entity, model) in entities {
            compare(Health.self, entity, model)
            compare(Label.self, entity, model)
            compare(Frozen.self, entity, model)
            compare(Mass.self, entity, model)
            compare(Position.self, entity, model)
        }
        #expect(equal, "every value is what the model says")
    }
}
