import OrreryECS
import OrrerySchema

extension ModelWorld {
    /// The relations know first, then the observers in the order in which they came.
    mutating func notify(
        _ kind: ModelNotice.Kind, _ component: ObjectIdentifier, _ entity: Entity, old: ModelValue?, new: ModelValue?
    ) {
        relink(component, of: entity, to: (new?.base as? any Relation)?.target)
        for observer in observers[component] ?? [] {
            let notice = ModelNotice(observer: observer, kind: kind, entity: entity, old: old, new: new)
            notices.append(notice)
            let reactions = notice.reactions
            for operation in reactions.now { _ = perform(operation) }
            commands += reactions.later
        }
    }

    /// Tells of all components of an entity, in the order of the components.
    mutating func notifyAll(_ kind: ModelNotice.Kind, of entity: Entity) {
        for component in components.map({ ObjectIdentifier($0) }) {
            guard let value = entities[entity]?[component] else { continue }
            notify(kind, component, entity, old: kind == .added ? nil : value, new: kind == .added ? value : nil)
        }
    }
}
