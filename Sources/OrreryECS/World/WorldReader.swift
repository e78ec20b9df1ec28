public import OrrerySchema

/// A read-only view of a world, for rules and conditions, which must not change the world.
///
/// The reader is valid while the closure that receives it runs.
public struct WorldReader {
    private let world: World

    package init(_ world: World) {
        self.world = world
    }

    /// The tick that the world is in; 0 before the first.
    public var tick: Tick { world.tick }

    /// How many entities live.
    /// - Complexity: O(1).
    public var entityCount: Int { world.entityCount }

    /// The most entities that may live at once.
    public var entityCountMax: Int { world.entityCountMax }

    /// Whether an entity lives.
    /// - Complexity: O(1).
    public func contains(_ entity: Entity) -> Bool { world.contains(entity) }

    /// Whether an entity lives and has a component.
    /// - Complexity: O(1).
    public func has<C: Component>(_ type: C.Type, on entity: Entity) -> Bool { world.has(type, on: entity) }

    /// A component's value; `nil` if the entity does not live or has none.
    /// - Complexity: O(1).
    public subscript<C: Component>(_ entity: Entity, _ type: C.Type) -> C? { world[entity, type] }

    /// One component of any entity.
    /// - Complexity: O(1).
    public func reader<C: Component>(_ type: C.Type) -> ComponentReader<C> { world.reader(type) }

    /// The resource of a type; `nil` if there is none.
    /// - Complexity: O(1).
    public func resource<Resource>(_ type: Resource.Type) -> Resource? { world.resource(type) }

    /// The entities that have a component.
    /// - Complexity: O(1) after the first time.
    public func query<A: ReadTerm>(_ term: A.Type) -> Query<A> { world.query(term) }

    /// The entities that have the components of both terms.
    /// - Complexity: O(1) after the first time.
    /// - Precondition: No component is named twice.
    public func query<A: ReadTerm, B: ReadTerm>(
        _ first: A.Type, _ second: B.Type
    ) -> Query<A, B> {
        world.query(terms: first, second)
    }

    /// The entities that have the components of all three terms.
    /// - Complexity: O(1) after the first time.
    /// - Precondition: No component is named twice.
    public func query<A: ReadTerm, B: ReadTerm, C: ReadTerm>(
        _ first: A.Type, _ second: B.Type, _ third: C.Type
    ) -> Query<A, B, C> {
        world.query(terms: first, second, third)
    }

    /// The entities that have the components of all four terms.
    /// - Complexity: O(1) after the first time.
    /// - Precondition: No component is named twice.
    public func query<A: ReadTerm, B: ReadTerm, C: ReadTerm, D: ReadTerm>(
        _ first: A.Type, _ second: B.Type, _ third: C.Type, _ fourth: D.Type
    ) -> Query<A, B, C, D> {
        world.query(terms: first, second, third, fourth)
    }

    /// The entities that have the components of all terms.
    /// - Complexity: O(1) after the first time.
    /// - Precondition: No component is named twice; at most 64 terms.
    public func query<A: ReadTerm, B: ReadTerm, C: ReadTerm, D: ReadTerm, E: ReadTerm, each Term: ReadTerm>(
        _ first: A.Type, _ second: B.Type, _ third: C.Type, _ fourth: D.Type, _ fifth: E.Type,
        _ rest: repeat (each Term).Type
    ) -> Query<A, B, C, D, E, repeat each Term> {
        world.query(terms: first, second, third, fourth, fifth, repeat each rest)
    }

    /// The entities that point at `target` by a relation, newest first.
    /// - Complexity: O(referrers).
    public func referrers<R: Relation>(to target: Entity, by relation: R.Type) -> [Entity] {
        world.referrers(to: target, by: relation)
    }

    /// The children of an entity, newest first.
    /// - Complexity: O(children).
    public func children(of parent: Entity) -> [Entity] { world.children(of: parent) }

    /// The parent of an entity; `nil` if it has no living parent.
    /// - Complexity: O(1).
    public func parent(of child: Entity) -> Entity? { world.parent(of: child) }
}

/// Belongs to the thread of its world.
@available(*, unavailable)
extension WorldReader: Sendable {}
