public import OrrerySchema

/// A query with these terms.
///
/// ```swift
/// let movers: Query<Write<Position>, Read<Velocity>> = world.query(Write<Position>.self, Read<Velocity>.self)
/// ```
public typealias Query<each Term: QueryTerm> = QueryOf<(Entity, repeat each Term)>

/// All entities of a world that have the components of some terms: a reusable value that follows the world.
///
/// Written as ``Query``; `Row` is what the query sees of each entity, a tuple of the entity and its terms (this shape
/// lets
/// `forEach` tell terms that are written from those that are read).
///
/// Matches are remembered per world, so asking again, and narrowing with ``with(_:)`` and ``without(_:)`` inside a
/// system, costs
/// a look-up. Rows come in the order of their tables' making, then of their rows; the order changes only with the
/// structure.
public struct QueryOf<Row> {
    @usableFromInline let world: World
    @usableFromInline let plan: QueryPlan

    @usableFromInline
    init(_ world: World, _ plan: QueryPlan) {
        self.world = world
        self.plan = plan
    }

    /// The entities among these that have a component too.
    public func with<C: Component>(_ type: C.Type) -> Self { Self(world, plan.with(world.register(type))) }

    /// The entities among these that do not have a component.
    public func without<C: Component>(_ type: C.Type) -> Self { Self(world, plan.without(world.register(type))) }

    /// How many entities match.
    /// - Complexity: O(tables that match).
    public var count: Int {
        plan.refresh()
        return plan.tables.reduce(0) { $0 + $1.pointee.rowCount }
    }

    /// Whether no entity matches.
    /// - Complexity: O(tables that match).
    public var isEmpty: Bool {
        plan.refresh()
        return plan.tables.allSatisfy { $0.pointee.rowCount == 0 }
    }
}

/// Belongs to the thread of its world.
@available(*, unavailable)
extension QueryOf: Sendable {}

extension World {
    /// The entities that have a component.
    /// - Complexity: O(1) after the first time.
    public func query<A: QueryTerm>(_ term: A.Type) -> Query<A> {
        makeQuery { [makeTerm(term)] }
    }

    /// The entities that have the components of all terms.
    ///
    /// Terms that are written come before those that are read; `forEach` asks for this order.
    /// - Complexity: O(1) after the first time.
    /// - Precondition: No component is named twice.
    public func query<A: QueryTerm, B: QueryTerm, each Term: QueryTerm>(
        _ first: A.Type, _ second: B.Type, _ rest: repeat (each Term).Type
    ) -> Query<A, B, repeat each Term> {
        makeQuery {
            var terms = [makeTerm(first), makeTerm(second)]
            for type in repeat each rest { terms.append(makeTerm(type)) }
            return terms
        }
    }

    private func makeQuery<Row>(_ terms: () -> [QueryPlan.Term]) -> QueryOf<Row> {
        let key = ObjectIdentifier(Row.self)
        if let plan = plans[key] { return QueryOf(self, plan) }
        let plan = QueryPlan(self, terms: terms())
        plans[key] = plan
        return QueryOf(self, plan)
    }

    private func makeTerm<Term: QueryTerm>(_ term: Term.Type) -> QueryPlan.Term {
        QueryPlan.Term(component: register(Term.Value.self), isWrite: Term.isWrite)
    }
}
