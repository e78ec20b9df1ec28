internal import OrrerySchema

/// One query of one world, resolved: its component numbers and the tables that match. Shared by all queries that ask
/// the
/// same; tables made later are looked at once, on the next use.
@usableFromInline
final class QueryPlan {
    @usableFromInline
    struct Term {
        let component: ComponentID
        @usableFromInline let isWrite: Bool
    }

    @usableFromInline let terms: [Term]
    private let with: [ComponentID]
    private let without: [ComponentID]
    private unowned(unsafe) let world: World
    private var narrowed: [Narrowing: QueryPlan] = [:]
    private var tablesSeen = 0

    @usableFromInline private(set) var tables: [TablePointer] = []
    /// The columns of the terms, for one table after the other.
    @usableFromInline private(set) var columns: [Int] = []

    private enum Narrowing: Hashable {
        case with(ComponentID)
        case without(ComponentID)
    }

    init(_ world: World, terms: [Term], with: [ComponentID] = [], without: [ComponentID] = []) {
        self.world = world
        self.terms = terms
        self.with = with
        self.without = without
        for (position, term) in terms.enumerated() {
            if let other = terms[..<position].first(where: { $0.component == term.component }) {
                fatalError(
                    "World: a query names the component '\(world.componentName(term.component))' twice "
                        + "(\(other.isWrite ? "Write" : "Read") and \(term.isWrite ? "Write" : "Read")); "
                        + "name it once, as Write if it is written.")
            }
        }
    }

    func with(_ component: ComponentID) -> QueryPlan {
        if with.contains(component) { return self }
        return narrow(.with(component)) {
            QueryPlan(world, terms: terms, with: with + [component], without: without)
        }
    }

    /// The plan that nothing matches.
    var withNobody: QueryPlan { without(terms[0].component) }

    func without(_ component: ComponentID) -> QueryPlan {
        if without.contains(component) { return self }
        return narrow(.without(component)) {
            QueryPlan(world, terms: terms, with: with, without: without + [component])
        }
    }

    /// Looks at the tables that were made since the last use.
    /// - Complexity: O(new tables).
    @usableFromInline
    func refresh() {
        let known = world.storage.pointee.tables.count
        guard tablesSeen < known else { return }
        for table in world.storage.pointee.tables[tablesSeen...] where matches(table) {
            tables.append(table)
            for term in terms { columns.append(table.pointee.column(of: term.component)) }
        }
        tablesSeen = known
    }

    private func matches(_ table: TablePointer) -> Bool {
        terms.allSatisfy { table.pointee.has($0.component) } && with.allSatisfy { table.pointee.has($0) }
            && !without.contains { table.pointee.has($0) }
    }

    /// Brings this plan and all that narrow it up to date.
    func refreshAll() {
        refresh()
        for plan in narrowed.values { plan.refreshAll() }
    }

    private func narrow(_ narrowing: Narrowing, _ make: () -> QueryPlan) -> QueryPlan {
        world.planning {
            if let known = narrowed[narrowing] { return known }
            let plan = make()
            plan.refresh()
            narrowed[narrowing] = plan
            return plan
        }
    }
}
