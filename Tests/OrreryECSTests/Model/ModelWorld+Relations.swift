import OrreryECS
import OrrerySchema

/// Where the entities that have a relation point.
struct ModelRelation {
    let component: ObjectIdentifier
    let whenTargetDespawns: TargetDespawn
    /// By the entity that points; `order` grows with every change.
    private var links: [Entity: (target: Entity, order: Int)] = [:]
    private var changeCount = 0

    init(_ type: any Relation.Type) {
        component = ObjectIdentifier(type)
        whenTargetDespawns = type.whenTargetDespawns
    }

    mutating func link(_ source: Entity, to target: Entity?) {
        changeCount += 1
        links[source] = target.map { ($0, changeCount) }
    }

    /// The newest first.
    func referrers(to target: Entity) -> [Entity] {
        links.filter { $0.value.target == target }.sorted { $0.value.order > $1.value.order }.map(\.key)
    }
}

extension ModelWorld {
    /// Ends an entity and those that end with it: depth first, the one that has pointed at it for longest first.
    mutating func despawn(_ entity: Entity) -> ModelOutcome {
        guard entities[entity] != nil else { return .refused(.entityDead) }
        var ending = [entity]
        while let entity = ending.popLast() {
            guard entities[entity] != nil else { continue }
            notifyAll(.despawned, of: entity)
            for position in relations.indices {
                for source in relations[position].referrers(to: entity) where source != entity {
                    relations[position].link(source, to: nil)
                    switch relations[position].whenTargetDespawns {
                    case .despawnsEntity: ending.append(source)
                    case .removesRelation: _ = take(relations[position].component, from: source)
                    case .isIgnored: break
                    }
                }
                relations[position].link(entity, to: nil)
            }
            end(entity)
        }
        return .done
    }

    /// Only who lives is pointed at.
    mutating func relink(_ component: ObjectIdentifier, of entity: Entity, to target: Entity?) {
        guard let position = relations.firstIndex(where: { $0.component == component }) else { return }
        relations[position].link(entity, to: target.flatMap { entities[$0] == nil ? nil : $0 })
    }

    func family(of entity: Entity) -> ModelFamily {
        ModelFamily(
            parent: parent(of: entity), ancestors: ancestors(of: entity),
            children: referrers(to: entity, by: ChildOf.self), descendants: descendants(of: entity),
            referrers: modelRelations.map { referrers(to: entity, by: $0) })
    }

    private func referrers(to entity: Entity, by type: any ModelComponent.Type) -> [Entity] {
        relations.first { $0.component == ObjectIdentifier(type) }?.referrers(to: entity) ?? []
    }

    private func parent(of entity: Entity) -> Entity? {
        self[entity, ChildOf.self].map(\.target).flatMap { entities[$0] == nil ? nil : $0 }
    }

    private func ancestors(of entity: Entity) -> [Entity] {
        var line = [entity]
        while let next = parent(of: line[line.count - 1]), !line.contains(next) { line.append(next) }
        return Array(line.dropFirst())
    }

    private func descendants(of entity: Entity) -> [Entity] {
        var line = [entity]
        var position = 0
        while position < line.count {
            line += referrers(to: line[position], by: ChildOf.self).filter { !line.contains($0) }
            position += 1
        }
        return Array(line.dropFirst())
    }
}
