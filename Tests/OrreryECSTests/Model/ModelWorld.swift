import OrreryECS
import OrrerySchema

/// What one entity has, by component.
typealias ModelEntity = [ObjectIdentifier: ModelValue]

/// A world in dictionaries: the simplest thing that can be right, and what others should have heard of it.
struct ModelWorld {
    /// What happened to one component since some moment.
    struct History {
        /// Entities whose value was written, and is there.
        var written: Set<Entity> = []
        /// Entities that gained it, and have it.
        var gained: Set<Entity> = []
        /// Entities that lost it.
        var taken: Set<Entity> = []

        mutating func forget(_ entity: Entity) {
            written.remove(entity)
            gained.remove(entity)
        }
    }

    /// In the order in which the world got to know them.
    private(set) var components: [any ModelComponent.Type] = []
    var entities: [Entity: ModelEntity] = [:]
    /// To pick from at random.
    private(set) var living: [Entity] = []
    private var placeOfLiving: [Entity: Int] = [:]
    private var slots = ModelSlots()

    var relations: [ModelRelation] = []
    /// By component, the numbers of those who observe it.
    var observers: [ObjectIdentifier: [Int]] = [:]
    var notices: [ModelNotice] = []
    /// What nobody has been told yet.
    var steps: [ModelStep] = []
    var isTelling = false
    /// Entities whose end was told.
    var ending: Set<Entity> = []
    /// A component whose end was told.
    var removing: (entity: Entity, component: ObjectIdentifier)?
    /// Put off until the next flush.
    var commands: [ModelOperation] = []
    var droppedCommandCount = 0
    var events = ModelEvents()

    var tracked: Set<ObjectIdentifier> = []
    /// As a reader of the change log knows it, from the logs alone.
    var observed: [Entity: ModelEntity] = [:]
    var sinceDrain: [ObjectIdentifier: History] = [:]
    /// Of components whose changes a query has asked for, since it did so last.
    var sinceAsked: [ObjectIdentifier: History] = [:]
    /// What was lost of a component since it was asked for.
    var losses: [ObjectIdentifier: [ModelLoss]] = [:]

    mutating func register(_ component: any ModelComponent.Type) {
        components.append(component)
        if let relation = component as? any Relation.Type { relations.append(ModelRelation(relation)) }
    }

    /// An entity that has not lived yet.
    func unborn(after distance: UInt32) -> Entity { Entity(index: slots.count + distance, generation: 1) }

    subscript<C: ModelComponent>(_ entity: Entity, _ type: C.Type) -> C? {
        entities[entity]?[ObjectIdentifier(type)]?.base as? C
    }

    /// The entities that have some components and lack another.
    func entities(with: any ModelComponent.Type..., without: any ModelComponent.Type) -> [Entity] {
        let (wanted, unwanted) = (with.map { ObjectIdentifier($0) }, ObjectIdentifier(without))
        return living.filter { entity in
            guard let known = entities[entity] else { return false }
            return known[unwanted] == nil && wanted.allSatisfy { known[$0] != nil }
        }
    }

    mutating func spawn(_ values: [any ModelComponent]) -> Entity {
        let entity = slots.allocate()
        entities[entity] = [:]
        placeOfLiving[entity] = living.count
        living.append(entity)
        for value in values { assign(value, on: entity) }
        return entity
    }

    /// Takes an entity out that nobody points at any more.
    mutating func end(_ entity: Entity) {
        guard let place = placeOfLiving.removeValue(forKey: entity), let gone = entities.removeValue(forKey: entity)
        else { return }
        living.swapAt(place, living.count - 1)
        living.removeLast()
        if place < living.count { placeOfLiving[living[place]] = place }
        slots.release(entity)
        for component in gone.keys {
            sinceDrain[component]?.forget(entity)
            sinceAsked[component]?.forget(entity)
        }
    }

    /// Gives a value to an entity and tells nobody but the histories.
    /// - Returns: The value that was there.
    @discardableResult
    mutating func assign(_ value: any ModelComponent, on entity: Entity) -> ModelValue? {
        let component = ObjectIdentifier(type(of: value))
        let old = entities[entity]?.updateValue(ModelValue(value), forKey: component)
        sinceDrain[component, default: History()].written.insert(entity)
        sinceAsked[component]?.written.insert(entity)
        if old == nil {
            sinceDrain[component]?.gained.insert(entity)
            sinceAsked[component]?.gained.insert(entity)
        }
        return old
    }

    /// Takes a value from an entity and tells nobody but the histories.
    mutating func withdraw(_ component: ObjectIdentifier, from entity: Entity) {
        entities[entity]?[component] = nil
        sinceDrain[component, default: History()].taken.insert(entity)
        sinceDrain[component]?.forget(entity)
        sinceAsked[component]?.forget(entity)
    }

    mutating func endTick() {
        slots.endTick()
        events.endTick()
    }

    /// A drain lets slots be given out again.
    mutating func endDrain() {
        slots.endTick()
        sinceDrain = [:]
    }

    /// Lives that values and events of the model hold.
    var lifeCount: Int {
        var lives = Set(events.kept.map(\.life))
        for loss in losses.values.joined() {
            if let life = (loss.old.base as? Counted)?.life ?? (loss.old.base as? Kept)?.life { lives.insert(life) }
        }
        for known in [entities, observed] {
            for entity in known.values {
                if let counted = entity[ObjectIdentifier(Counted.self)]?.base as? Counted { lives.insert(counted.life) }
                if let life = (entity[ObjectIdentifier(Kept.self)]?.base as? Kept)?.life { lives.insert(life) }
            }
        }
        return lives.count
    }
}

/// Which names the next entities get: those of slots that were freed last, but not in this tick.
struct ModelSlots {
    private var generations: [UInt32] = []
    private var free: [UInt32] = []
    private var freedInTick: [UInt32] = []

    var count: UInt32 { UInt32(generations.count) }

    mutating func allocate() -> Entity {
        let index = free.popLast() ?? UInt32(generations.count)
        if Int(index) == generations.count { generations.append(0) }
        generations[Int(index)] += 1
        return Entity(index: index, generation: generations[Int(index)])
    }

    mutating func release(_ entity: Entity) { freedInTick.append(entity.index) }

    mutating func endTick() {
        free += freedInTick
        freedInTick = []
    }
}
