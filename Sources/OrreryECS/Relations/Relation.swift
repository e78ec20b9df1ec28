public import OrrerySchema

/// A component that points at an entity, and by which one can ask who points at an entity.
///
/// ```swift
/// struct Aim: Relation {
///     var target = Entity.none
///     static var whenTargetDespawns: TargetDespawn { .removesRelation }
/// }
/// world.referrers(to: ship, by: Aim.self)
/// ```
/// The world keeps who points at whom up to date, however the component is written. An entity points at one other by
/// each relation.
public protocol Relation: Component {
    /// The entity that is pointed at; `Entity.none`, or one that does not live, for nobody.
    var target: Entity { get }
    /// What happens to an entity whose target is despawned.
    static var whenTargetDespawns: TargetDespawn { get }
}

extension Relation {
    public static var whenTargetDespawns: TargetDespawn { .removesRelation }
}

/// What happens to an entity when the one that it points at is despawned.
public enum TargetDespawn: Hashable, Sendable {
    /// It is despawned too, and so on. Where relations go round in a circle, each entity once.
    case despawnsEntity
    /// It loses the relation.
    case removesRelation
    /// Nothing: it points at an entity that does not live any more.
    case isIgnored
}

/// An entity that belongs to another and is despawned with it.
public struct ChildOf: Relation, Hashable {
    /// The parent.
    public var target = Entity.none

    /// A child of nobody.
    public init() {}

    /// A child of this entity.
    public init(_ parent: Entity) {
        target = parent
    }

    public static var whenTargetDespawns: TargetDespawn { .despawnsEntity }
}
