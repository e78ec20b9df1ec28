import OrreryECS
import OrrerySchema

/// One thing that a script does, to a world and to the model of one.
enum ModelOperation: Sendable {
    /// Up to two values one by one, more as a prefab, in which the later value of a type counts.
    case spawn([any ModelComponent])
    case spawnColumns([Label], [Frozen], [Burning])
    case spawnCopies(Int, any ModelComponent, any ModelComponent)
    case clone(Entity)
    case despawn(Entity)
    case insert(any ModelComponent, Entity)
    case remove(any ModelComponent.Type, Entity)
    case set(any ModelComponent, Entity)
    case update(any ModelComponent, Entity)
    /// Of components that no log tells of.
    case updateUnmarked(any ModelComponent, Entity)
    case read(any ModelComponent.Type, Entity)
    case write(ModelWrite)
    case despawnAll(any ModelComponent.Type, without: any ModelComponent.Type)
    case clear
    case send(ModelSignal)
    /// Who points at an entity, and all that follows from it.
    case walk(Entity)

    /// Whether it may be a command: nobody needs to know in which order its rows are visited.
    var canBePutOff: Bool {
        switch self {
        case .write, .despawnAll, .clear, .send, .walk, .read: false
        default: true
        }
    }
}

/// What a query writes.
enum ModelWrite: Sendable {
    /// All that are not frozen.
    case healths(gain: Int32)
    case burnings
    case labels
    /// Those of entities whose index is a multiple of three.
    case aims(Entity)
    /// Two components of one entity.
    case both(gain: Int32, Entity)
}

/// An event that holds a life.
struct ModelSignal: Equatable, Sendable {
    let number: Int32
    let life: Counted.Life
}

/// What came of an operation.
enum ModelOutcome: Equatable, Sendable {
    case done
    case refused(WorldError.Code)
    /// The value that was there.
    case value(ModelValue?)
    /// Those that were made or visited, in that order.
    case entities([Entity])
    case heard([ModelSignal], missed: Int)
    case changes(written: Set<Entity>, gained: Set<Entity>)
    case lost([ModelLoss])
    case family(ModelFamily)
}

/// An entity has lost a component.
struct ModelLoss: Equatable, Sendable {
    let entity: Entity
    let old: ModelValue
    let isDespawned: Bool

    init(entity: Entity, old: ModelValue, isDespawned: Bool) {
        self.entity = entity
        self.old = old
        self.isDespawned = isDespawned
    }

    init<C: ModelComponent>(_ removal: Removal<C>) {
        self.init(entity: removal.entity, old: ModelValue(removal.old), isDespawned: removal.cause == .despawned)
    }
}

/// How the world's relations lead from an entity and to it.
struct ModelFamily: Equatable, Sendable {
    let parent: Entity?
    let ancestors: [Entity]
    let children: [Entity]
    let descendants: [Entity]
    /// By each relation, in their order.
    let referrers: [[Entity]]
}
