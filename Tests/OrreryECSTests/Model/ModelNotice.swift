import OrreryECS
import OrrerySchema

/// What an observer is told.
struct ModelNotice: Equatable {
    enum Kind {
        case added, changed, removed, despawned
    }

    let observer: Int
    let kind: Kind
    let entity: Entity
    let old: ModelValue?
    let new: ModelValue?

    /// What an observer does that hears this: writes at once, and structure through commands.
    var reactions: (now: [ModelOperation], later: [ModelOperation]) {
        guard observer.isMultiple(of: 2), let value = (new ?? old)?.base else { return ([], []) }
        let neighbour = Entity(index: entity.index + 1, generation: entity.generation)
        switch value {
        case let health as Health where kind == .changed && health.current.isMultiple(of: 31):
            return ([], [.despawn(entity)])
        case let health as Health where kind == .changed && health.current.isMultiple(of: 11):
            return ([.set(Health(current: health.current + 1), entity)], [])
        case let health as Health where kind == .changed && health.current > 0 && health.current.isMultiple(of: 5):
            // Ever less, so that it comes to an end.
            return ([.update(Health(current: health.current / 16), neighbour)], [])
        case let health as Health where kind != .removed && health.current.isMultiple(of: 7):
            // Where it ended, or ends before the flush, the command is dropped.
            return ([], [.insert(Burning(seconds: Float(health.current)), entity)])
        case is Label where kind == .despawned && entity.index.isMultiple(of: 8):
            return ([], [.spawn([Frozen()])])
        case is Label where kind == .changed:
            // To a life that has not come.
            let next = Entity(index: entity.index, generation: entity.generation + 1)
            return ([.set(Memory(target: next), entity), .set(Aim(target: next), neighbour)], [])
        case is Note where kind == .changed: return ([.write(.both(gain: 1, entity))], [])
        case let lock as Lock where kind == .changed:
            return ([.updateUnmarked(Lock(target: neighbour, power: lock.power), entity)], [])
        case is Aim, is Memory, is Lock: return ([], [])
        // A relation of what ends is written too.
        case _ where kind == .despawned || value is Mass: return ([.set(Aim(target: entity), entity)], [])
        default: return ([], [])
        }
    }
}

/// Hears what a world tells its observers. It belongs to the world's thread.
final class ModelListener {
    private(set) var notices: [ModelNotice] = []

    func hear<C: ModelComponent>(_ observation: Observation<C>, as observer: Int) {
        let notice = ModelNotice(
            observer: observer, kind: ModelNotice.Kind(observation.kind), entity: observation.entity,
            old: observation.old.map(ModelValue.init), new: observation.new.map(ModelValue.init))
        notices.append(notice)
        let reactions = notice.reactions
        for operation in reactions.now { _ = observation.world.perform(operation) }
        for operation in reactions.later { observation.world.commands.put(operation) }
    }

    func forget() { notices = [] }
}

extension ModelNotice.Kind {
    fileprivate init<C: Component>(_ kind: Observation<C>.Kind) {
        switch kind {
        case .added: self = .added
        case .changed: self = .changed
        case .removed: self = .removed
        case .despawned: self = .despawned
        }
    }
}
