import OrreryECS
import OrrerySchema
import OrreryStore
import OrrerySync

/// A client that asks for something, with what it sees: what is hidden from it is not there for it.
struct Viewer {
    let client: ClientIdentity
    let visibility: Visibility
    let rules: [VisibilityRule]
    /// Those of the entities that rules decide about which it is shown, if it is not shown all that rules show it.
    let shownRows: RowSet?

    var seesAllEntities: Bool { visibility == .everything || visibility.groups == nil && rules.isEmpty }

    /// Whether the entity lives, as far as the client knows.
    func sees(_ entity: Entity, in world: World) -> Bool {
        guard world.contains(entity) else { return false }
        if seesAllEntities { return true }
        if let seen = visibility.groups, let groups = world[entity, VisibilityGroups.self],
            seen.isDisjoint(with: groups)
        {
            return false
        }
        guard rules.decide(about: entity, in: world) else { return true }
        return visibility.isPersonal && shownRows?.contains(entity.index) ?? true
            && rules.show(entity, to: client, in: world)
    }
}
