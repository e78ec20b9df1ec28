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
    /// What is visited; `nil` for everything.
    @usableFromInline let part: QueryPart?

    @usableFromInline
    init(_ world: World, _ plan: QueryPlan, part: QueryPart? = nil) {
        self.world = world
        self.plan = plan
        self.part = part
    }

    /// The entities among these that have a component too.
    /// - Precondition: this is no part of a query.
    public func with<C: Component>(_ type: C.Type) -> Self {
        requireWhole()
        // While systems run side by side, no type is entered; nobody has a component whose type is not.
        guard let component = world.registerUnlessShared(type) else { return Self(world, plan.withNobody) }
        return Self(world, plan.with(component))
    }

    /// The entities among these that do not have a component.
    /// - Precondition: this is no part of a query.
    public func without<C: Component>(_ type: C.Type) -> Self {
        requireWhole()
        guard let component = world.registerUnlessShared(type) else { return self }
        return Self(world, plan.without(component))
    }

    /// How many entities match.
    /// - Complexity: O(tables that match).
    public var count: Int {
        plan.refresh()
        var count = 0
        forEachChunkRange { table, chunks, _ in
            guard let last = chunks.last else { return }
            count += (chunks.count - 1) * chunkRowCount + table.pointee.rowCount(chunk: last)
        }
        return count
    }

    /// Whether no entity matches.
    /// - Complexity: O(tables that match).
    public var isEmpty: Bool { count == 0 }

    /// The matching tables in the plan's order, with the chunks that are visited and the place of the table's columns in the plan's.
    /// - Precondition: the plan is up to date.
    @inlinable @inline(__always)
    func forEachChunkRange(_ body: (_ table: TablePointer, _ chunks: Range<Int>, _ firstColumn: Int) -> Void) {
        let tables = plan.tables
        for position in part?.positions ?? 0..<tables.count {
            let table = tables[position]
            body(
                table, part?.chunks(position, of: table) ?? 0..<table.pointee.usedChunkCount,
                position &* plan.terms.count)
        }
    }

    private func requireWhole() {
        guard part != nil else { return }
        fatalError("Query: narrow a query with with(_:) and without(_:) before it is divided, not in a part.")
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
        planning {
            let key = ObjectIdentifier(Row.self)
            if let plan = plans[key] { return QueryOf(self, plan) }
            let plan = QueryPlan(self, terms: terms())
            plan.refresh()
            plans[key] = plan
            return QueryOf(self, plan)
        }
    }

    private func makeTerm<Term: QueryTerm>(_ term: Term.Type) -> QueryPlan.Term {
        QueryPlan.Term(component: register(Term.Value.self), isWrite: Term.isWrite)
    }
}
