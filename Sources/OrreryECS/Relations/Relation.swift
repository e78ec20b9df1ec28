public import OrrerySchema

/// A component that points at an entity. The world can list the entities that point at a given one.
///
/// ```swift
/// struct Aim: Relation {
///     var target = Entity.none
///     static var whenTargetDespawns: TargetDespawn { .removesRelation }
/// }
/// world.referrers(to: ship, by: Aim.self)
/// ```
/// The world keeps these lists up to date, however the component is written. By each relation, an entity points at one
/// other entity.
public protocol Relation: Component {
    /// The target. `Entity.none`, or an entity that does not live, means no target.
    var target: Entity { get }
    /// What happens to an entity whose target is despawned.
    static var whenTargetDespawns: TargetDespawn { get }
}

extension Relation {
    public static var whenTargetDespawns: TargetDespawn { .removesRelation }
}

/// What happens to an entity when its target is despawned.
public enum TargetDespawn: Hashable, Sendable {
    /// The entity is despawned too, and so on. In a cycle of relations, each entity is despawned once.
    case despawnsEntity
    /// The entity loses the relation.
    case removesRelation
    /// Nothing happens: the entity points at an entity that no longer lives.
    case isIgnored
}

/// An entity that belongs to another and is despawned with it.
public struct ChildOf: Relation, Hashable {
    /// The parent.
    public var target = Entity.none

    /// A child without a parent.
    public init() {}

    /// A child of this entity.
    public init(_ parent: Entity) {
        target = parent
    }

    public static var whenTargetDespawns: TargetDespawn { .despawnsEntity }
}
