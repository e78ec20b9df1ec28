import OrreryECS
import OrrerySchema
import Testing

/// A world in dictionaries: the simplest thing that can be right, and what an observer should have heard of it.
struct ModelWorld {
    struct Mark: Hashable {
        let component: ObjectIdentifier
        let entity: Entity
    }

    /// What happened since some moment.
    struct History {
        /// Values that were written, and are there.
        var written: Set<Mark> = []
        /// Values of components that were gained, and are there.
        var gained: Set<Mark> = []
        /// Components that were taken.
        var taken: Set<Mark> = []

        mutating func forget(_ mark: Mark) {
            written.remove(mark)
            gained.remove(mark)
        }
    }

    var entities: [Entity: ModelEntity] = [:]
    /// In order of spawning, to pick from at random; the dead are taken out.
    private(set) var living: [Entity] = []
    private var placeOfLiving: [Entity: Int] = [:]
    var tracked: Set<ObjectIdentifier> = []

    /// As an observer knows it from the logs alone.
    var observed: [Entity: ModelEntity] = [:]
    var sinceDrain = History()
    var sinceMark = History()

    mutating func spawn(_ entity: Entity) {
        entities[entity] = ModelEntity()
        placeOfLiving[entity] = living.count
        living.append(entity)
    }

    mutating func despawn(_ entity: Entity) {
        guard let place = placeOfLiving.removeValue(forKey: entity) else { return }
        living.swapAt(place, living.count - 1)
        living.removeLast()
        if place < living.count { placeOfLiving[living[place]] = place }
        guard let gone = entities.removeValue(forKey: entity) else { return }
        for component in modelComponents where has(component, gone) {
            let mark = Mark(component: ObjectIdentifier(component), entity: entity)
            sinceDrain.forget(mark)
            sinceMark.forget(mark)
        }
    }

    private func has<C: ModelComponent>(_ type: C.Type, _ entity: ModelEntity) -> Bool { C.read(entity) != nil }

    mutating func put<C: ModelComponent>(_ value: C, on entity: Entity) {
        let mark = Mark(component: ObjectIdentifier(C.self), entity: entity)
        if entities[entity]?[C.self] == nil {
            sinceDrain.gained.insert(mark)
            sinceMark.gained.insert(mark)
        }
        entities[entity]?[C.self] = value
        sinceDrain.written.insert(mark)
        sinceMark.written.insert(mark)
    }

    mutating func take<C: ModelComponent>(_ type: C.Type, from entity: Entity) {
        let mark = Mark(component: ObjectIdentifier(C.self), entity: entity)
        if entities[entity]?[C.self] != nil { sinceDrain.taken.insert(mark) }
        entities[entity]?[C.self] = nil
        sinceDrain.forget(mark)
        sinceMark.forget(mark)
    }

    /// Copies all components of one entity to a new one.
    mutating func clone(_ entity: Entity, as copy: Entity) {
        spawn(copy)
        guard let model = entities[entity] else { return }
        func copyValue<C: ModelComponent>(_: C.Type) {
            if let value = C.read(model) { put(value, on: copy) }
        }
        for component in modelComponents { copyValue(component) }
    }

    /// The entities that have a component and lack another.
    func entities<C: ModelComponent, D: ModelComponent>(with: C.Type, without: D.Type) -> [Entity] {
        living.filter { entity in entities[entity].map { C.read($0) != nil && D.read($0) == nil } ?? false }
    }

    /// The entities of some marks of a component.
    static func entities<C: ModelComponent>(_ type: C.Type, of marks: Set<Mark>) -> Set<Entity> {
        let component = ObjectIdentifier(type)
        return Set(marks.lazy.filter { $0.component == component }.map(\.entity))
    }

    /// Lives that values of the model hold.
    var lifeCount: Int {
        Set(entities.values.flatMap { [$0.counted?.life, $0.kept?.life].compactMap { $0 } }).count
    }

    /// Compares all values.
    func expectEqual(_ world: World) {
        #expect(world.entityCount == entities.count)
        var equal = true
        func compare<C: ModelComponent>(_ type: C.Type) {
            let values = world.accessor(type)
            for (entity, model) in entities { equal = equal && values[entity] == C.read(model) }
        }
        for component in modelComponents { compare(component) }
        #expect(equal, "every value is what the model says")
    }

    /// Asks what happened since a moment.
    func expectChanges<C: ModelComponent>(of type: C.Type, since mark: ChangeMark, in world: World) {
        let query = world.query(Read<C>.self)
        let (changed, added) = (query.changed(type).since(mark).entities, query.added(type).since(mark).entities)
        #expect(Set(changed) == Self.entities(type, of: sinceMark.written) && Set(changed).count == changed.count)
        #expect(Set(added) == Self.entities(type, of: sinceMark.gained) && Set(added).count == added.count)
    }
}
