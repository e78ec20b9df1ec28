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
        guard links[source]?.target != target else { return }
        changeCount += 1
        links[source] = target.map { ($0, changeCount) }
    }

    func points(_ source: Entity, at target: Entity) -> Bool { links[source]?.target == target }

    /// The newest first.
    func referrers(to target: Entity) -> [Entity] {
        links.filter { $0.value.target == target }.sorted { $0.value.order > $1.value.order }.map(\.key)
    }
}

extension ModelWorld {
    /// Ends an entity and those that end with it: depth first, the one that has pointed at it for longest first. Each
    /// is told of before those that end with it, and ends after them; who lives on loses its relation last.
    mutating func despawn(_ entity: Entity) -> ModelOutcome {
        guard entities[entity] != nil else { return .refused(.entityDead) }
        noteAll(.despawned, of: entity)
        ending.insert(entity)
        tell()
        var isDone = false
        while !isDone {
            isDone = true
            for (source, relation) in bound(to: entity).reversed() {
                guard relations[relation].points(source, at: entity), !ending.contains(source) else { continue }
                _ = despawn(source)
                isDone = false
            }
            guard isDone else { continue }
            for relation in relations.indices where relations[relation].whenTargetDespawns == .removesRelation {
                for source in relations[relation].referrers(to: entity) where !ending.contains(source) {
                    guard relations[relation].points(source, at: entity) else { continue }
                    _ = take(relations[relation].component, from: source)
                    isDone = false
                }
            }
        }
        for position in relations.indices { relations[position].link(entity, to: nil) }
        ending.remove(entity)
        end(entity)
        return .done
    }

    /// Those that are to end with an entity.
    private func bound(to target: Entity) -> [(source: Entity, relation: Int)] {
        relations.indices.filter { relations[$0].whenTargetDespawns == .despawnsEntity }.flatMap { position in
            relations[position].referrers(to: target).filter { !ending.contains($0) }.map { ($0, position) }
        }
    }

    /// Takes up where an entity points, whether that one lives or not.
    mutating func relink(_ component: ObjectIdentifier, of entity: Entity, to target: Entity?) {
        guard let position = relations.firstIndex(where: { $0.component == component }) else { return }
        relations[position].link(entity, to: target)
    }

    func family(of entity: Entity) -> ModelFamily {
        ModelFamily(
            parent: parent(of: entity), ancestors: ancestors(of: entity),
            children: referrers(to: entity, by: ChildOf.self), descendants: descendants(of: entity),
            referrers: modelRelations.map { referrers(to: entity, by: $0) })
    }

    private func referrers(to entity: Entity, by type: any ModelComponent.Type) -> [Entity] {
        guard entities[entity] != nil else { return [] }
        return relations.first { $0.component == ObjectIdentifier(type) }?.referrers(to: entity) ?? []
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
