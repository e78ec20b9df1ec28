import OrreryECS
import OrrerySchema

/// Something that happened to one component of one entity, with the values of that moment.
struct ModelStep {
    let kind: ModelNotice.Kind
    let component: ObjectIdentifier
    let entity: Entity
    let old: ModelValue?
    let new: ModelValue?
}

extension ModelWorld {
    /// The relations know at once, the observers when they have been told of all that was before.
    mutating func note(
        _ kind: ModelNotice.Kind, _ component: ObjectIdentifier, _ entity: Entity, old: ModelValue?, new: ModelValue?
    ) {
        if let relation = new?.base as? any Relation { relink(component, of: entity, to: relation.target) }
        // What is written to what ends, or is taken, goes with it.
        guard !ending.contains(entity), removing.map({ $0 != (entity, component) }) ?? true else { return }
        if let old, kind == .removed || kind == .despawned {
            losses[component]?.append(ModelLoss(entity: entity, old: old, isDespawned: kind == .despawned))
        }
        // Where `==` says that nothing has changed, nobody is told.
        if let old, let new, old.isEqual(to: new) { return }
        guard observers[component]?.isEmpty == false else { return }
        steps.append(ModelStep(kind: kind, component: component, entity: entity, old: old, new: new))
    }

    /// Tells of all components of an entity, in the order of the components.
    mutating func noteAll(_ kind: ModelNotice.Kind, of entity: Entity) {
        for component in components.map({ ObjectIdentifier($0) }) {
            guard let value = entities[entity]?[component] else { continue }
            note(kind, component, entity, old: kind == .added ? nil : value, new: kind == .added ? value : nil)
        }
    }

    /// Each observer hears of one step after the other; what it writes comes last.
    mutating func tell() {
        guard !isTelling else { return }
        isTelling = true
        defer { isTelling = false }
        var position = 0
        while position < steps.count {
            let step = steps[position]
            position += 1
            for observer in observers[step.component] ?? [] {
                let notice = ModelNotice(
                    observer: observer, kind: step.kind, entity: step.entity, old: step.old, new: step.new)
                notices.append(notice)
                let reactions = notice.reactions
                for operation in reactions.now { _ = perform(operation) }
                commands += reactions.later
            }
        }
        steps = []
    }
}
