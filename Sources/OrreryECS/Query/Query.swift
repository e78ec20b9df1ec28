public import OrrerySchema

/// A query with these terms.
///
/// ```swift
/// let movers: Query<Write<Position>, Read<Velocity>> = world.query(Write<Position>.self, Read<Velocity>.self)
/// ```
public typealias Query<each Term: QueryTerm> = QueryOf<(Entity, repeat each Term)>

/// A reusable query for all entities of a world that have the components of some terms; it stays current as the world
/// changes.
///
/// Written as ``Query``. `Row` is what the query sees of each entity: a tuple of the entity and its terms. This shape
/// lets `forEach` tell written terms from read ones.
///
/// Each world caches the matching tables. Repeating a query, or narrowing it with ``with(_:)`` and similar methods
/// inside a system, costs one look-up. Rows come in the order in which their tables were made, then in row order; this
/// order changes only with the structure. A query that needs a sparse component iterates the smallest such set instead.
public struct QueryOf<Row> {
    @usableFromInline let world: World
    var plan: QueryPlan {
        didSet { matches = plan.matches }
    }
    /// The plan's matches, stored here to save one step in every iteration.
    @usableFromInline private(set) var matches: UnsafeMutablePointer<QueryMatches>
    /// If set, the query visits only these entities, in this order.
    @usableFromInline var selection: [Entity]?
    /// Changes count from this mark on; `nil` for the last run of the querying system.
    var mark: ChangeMark?
    /// The querying system; `nil` outside systems, and for a system with exclusive access to the world.
    var system: SystemState?
    /// The part to visit; `nil` for everything.
    @usableFromInline var part: QueryPart?

    init(_ world: World, _ plan: QueryPlan) {
        self.world = world
        self.plan = plan
        matches = plan.matches
    }

    /// How many entities match.
    /// - Complexity: O(tables that match); O(entities) if rows must be checked one by one.
    public var count: Int {
        var count = 0
        forEachRun { count += $0.rows.count }
        return count
    }

    /// Whether no entity matches.
    /// - Complexity: As ``count``.
    public var isEmpty: Bool { count == 0 }

    /// The entities that match, in the order of iteration.
    /// - Complexity: O(entities).
    public var entities: [Entity] {
        var entities: [Entity] = []
        forEachRun { run in
            for row in run.rows { entities.append(run.table.pointee.entity(row: row)) }
        }
        return entities
    }

    /// Whether an entity is alive and matches.
    /// - Complexity: O(1).
    public func contains(_ entity: Entity) -> Bool {
        (selection?.contains(entity) ?? true) && plan.run(of: entity, since: since) != nil
    }

    /// Returns the only entity that matches.
    ///
    /// ```swift
    /// let player = try world.query(Read<Player>.self).single()
    /// ```
    /// - Complexity: As ``entities``.
    /// - Throws: ``WorldError`` `notSingle` if there is none, or more than one.
    public func single() throws(WorldError) -> Entity {
        let entities = entities
        guard entities.count == 1 else { throw .notSingle(count: entities.count) }
        return entities[0]
    }

    /// The matching tables, if the query visits whole tables; otherwise `nil`.
    var wholeTables: [TablePointer]? {
        guard selection == nil, part == nil, plan.matches.pointee.isPlain, plan.onlySparse == nil else { return nil }
        plan.refresh()
        return (0..<plan.matches.pointee.count).map { plan.matches.pointee.tables[$0] }
    }

    var since: UInt64 { mark?.stamp ?? system?.lastRun ?? world.storage.pointee.readerStamp }

    /// The same query, used by a system whose run begins.
    func of(_ system: SystemState) -> Self {
        system.hasEntities = (system.hasEntities ?? false) || plan.mayHaveEntities
        var query = self
        query.system = system
        return query
    }

    func forEachRun(_ body: (QueryPlan.RowRun) -> Void) {
        if let selection {
            for entity in selection { plan.run(of: entity, since: since).map(body) }
        } else if plan.matches.pointee.isPlain {
            plan.refresh()
            for position in part?.positions ?? 0..<plan.matches.pointee.count {
                let table = plan.matches.pointee.tables[position]
                let rows = part?.rows(position, of: table) ?? 0..<table.pointee.rowCount
                body(QueryPlan.RowRun(position: position, table: table, rows: rows))
            }
        } else {
            plan.forEachRun(since: since, in: part, body)
        }
    }

    /// Visits rows that must be checked one by one, or whose writes are observed.
    @usableFromInline
    func visitRuns(_ body: (ChunkHandle) -> Void) {
        world.storage.beginBorrow()
        defer { world.storage.endBorrow() }
        let isWatched = matches.pointee.isWatched
        withUnsafeTemporaryAllocation(
            of: UnsafeMutableRawPointer?.self, capacity: max(1, plan.terms.count)
        ) { buffer in
            guard let bases = buffer.baseAddress else { return }
            forEachRun { run in
                for run in run.pieces(of: isWatched ? QueryPlan.watchedRowCount : pageRowCount) {
                    plan.locate(run, bases)
                    let row = run.rows.lowerBound
                    let chunk = ChunkHandle(
                        memory: run.table.pointee.memory(row: row),
                        first: row - run.table.pointee.firstRow(ofChunkWith: row), count: run.rows.count,
                        columns: plan.matches.pointee.columns, bases: bases)
                    if isWatched {
                        plan.visitWatched(run, chunk) { body(chunk) }
                    } else {
                        body(chunk)
                        plan.mark(run)
                    }
                }
            }
        }
    }
}

/// A query belongs to the thread of its world.
@available(*, unavailable)
extension QueryOf: Sendable {}

// The compiler infers a query's closure much faster if the query's type has no pack. So there is one function for each
// of the usual numbers of terms, here and in `SystemParameter`, `Schedule` and `WorldReader`.
extension World {
    /// The entities that have a component.
    /// - Complexity: O(1) after the first time.
    public func query<A: QueryTerm>(_ term: A.Type) -> Query<A> {
        query(terms: term)
    }

    /// The entities that have the components of both terms.
    /// - Complexity: O(1) after the first time.
    /// - Precondition: No component is named twice.
    public func query<A: QueryTerm, B: QueryTerm>(
        _ first: A.Type, _ second: B.Type
    ) -> Query<A, B> {
        query(terms: first, second)
    }

    /// The entities that have the components of all three terms.
    /// - Complexity: O(1) after the first time.
    /// - Precondition: No component is named twice.
    public func query<A: QueryTerm, B: QueryTerm, C: QueryTerm>(
        _ first: A.Type, _ second: B.Type, _ third: C.Type
    ) -> Query<A, B, C> {
        query(terms: first, second, third)
    }

    /// The entities that have the components of all four terms.
    /// - Complexity: O(1) after the first time.
    /// - Precondition: No component is named twice.
    public func query<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm>(
        _ first: A.Type, _ second: B.Type, _ third: C.Type, _ fourth: D.Type
    ) -> Query<A, B, C, D> {
        query(terms: first, second, third, fourth)
    }

    /// The entities that have the components of all terms.
    /// - Complexity: O(1) after the first time.
    /// - Precondition: No component is named twice; at most 64 terms.
    public func query<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm, E: QueryTerm, each Term: QueryTerm>(
        _ first: A.Type, _ second: B.Type, _ third: C.Type, _ fourth: D.Type, _ fifth: E.Type,
        _ rest: repeat (each Term).Type
    ) -> Query<A, B, C, D, E, repeat each Term> {
        query(terms: first, second, third, fourth, fifth, repeat each rest)
    }

    /// The entities that have the components of all terms.
    /// - Precondition: No component is named twice; 1 to 64 terms.
    func query<each Term: QueryTerm>(terms type: repeat (each Term).Type) -> Query<repeat each Term> {
        makeQuery {
            var terms: [QueryPlan.Term] = []
            for type in repeat each type { terms.append(makeTerm(type)) }
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
        QueryPlan.Term(
            component: register(Term.Value.self), isWrite: Term.isWrite, isOptional: Term.isOptional)
    }
}
