import OrreryECS
import OrrerySchema
import OrrerySync

/// A client that asks for something, with what it sees: what is hidden from it is not there for it.
struct Viewer {
    let client: ClientIdentity
    let visibility: Visibility

    var seesAllEntities: Bool { visibility.groups == nil }

    /// Whether the entity lives, as far as the client knows.
    func sees(_ entity: Entity, in world: World) -> Bool {
        guard world.contains(entity) else { return false }
        guard let seen = visibility.groups, let groups = world[entity, VisibilityGroups.self] else { return true }
        return !seen.isDisjoint(with: groups)
    }
}
