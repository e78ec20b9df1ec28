package import OrrerySchema
package import OrreryStore

/// A query that was checked against a component table, in canonical form.
///
/// Two queries are equal if their canonical bytes are: whoever writes the same query in another way (order, brackets,
/// spellings) gets an equal one. A query is valid for the table that it was made with, and for no other.
///
/// A class, since a structure with as many references would be counted up and down wherever it is read.
package final class Query: Hashable, Sendable {
    /// The key by which equal queries can share one evaluation. It holds numbers of components, no names.
    package let canonical: [UInt8]
    /// Who may be a member as far as components go, and what is shown.
    package let selection: Selection
    /// In which circle or ball members are; `nil` for anywhere.
    package let region: Region?
    /// What else holds of a member.
    package let condition: Condition?
    /// In which order members are shown. Members that are equal in all keys ascend.
    package let order: [OrderKey]
    /// Which of those who match are members; `nil` for all.
    package let window: Window?
    /// The components that are sent of members: those that are shown, and those that their order reads. Ascending.
    package let sentColumns: [ColumnID]
    /// The components whose presence or value decides about membership, ascending. Without any, life alone decides.
    package let membershipColumns: [ColumnID]
    /// Ranges of which each member is in one; `nil` if none are known.
    package let keyRanges: [KeyRange]?
    /// The field whose ranges alone decide: a row is one of a member if and only if its key is in one of them. `nil` if
    /// there is none.
    package let decidingField: IndexedField?
    /// The number of terms, conditions and `not`s in canonical form: what a row costs at most.
    package let nodeCount: Int
    /// Whether being in its region is being a member.
    package let isDecidedByRegion: Bool
    /// Where entities are, if it has a region.
    package let places: PlaceReader?
    /// The order, ready to be used.
    package let rowOrder: RowOrder
    let plan: QueryPlan

    /// Parses a text and looks up its names.
    /// - Parameter entities: The only possible members, as `entity in (…)` says; `nil` for no such list. With a list
    ///   the text may be empty.
    /// - Throws: ``QueryError`` for any text that is no query: in this order, its length, the first error of syntax,
    ///   too many nodes, the first name or type that does not fit.
    /// - Complexity: O(length of the text), plus O(components).
    package init(
        _ text: String, entities: [Entity]? = nil, in table: ComponentTable, limits: QueryLimits = .init()
    ) throws(QueryError) {
        let syntax = try Parser.parse(text, hasEntities: entities != nil, limits: limits)
        if let entities, entities.count > limits.entityCountMax {
            throw QueryError(
                .limit, column: 1, expected: "at most \(limits.entityCountMax) entities in the list beside the text")
        }
        let resolver = try Resolver(table: table, syntax)
        selection = try resolver.selection(of: syntax, entities: entities)
        region = try syntax.region.map { region throws(QueryError) in try resolver.region(region) }
        condition = try syntax.condition.map { condition throws(QueryError) in try resolver.condition(condition) }
        var writer = ByteWriter()
        writer.append(selection)
        writer.append(region)
        window = syntax.window
        let keys = try resolver.order(syntax.order)
        // The order of nobody makes no difference.
        order = window == .nobody ? [] : keys
        writer.append(order, window)
        if let condition { writer.append(condition) }
        canonical = writer.bytes
        nodeCount = selection.nodeCount + (region == nil ? 0 : 1) + (condition?.nodeCount ?? 0) + order.count
        plan = QueryPlan(selection, condition, table)
        if let region, condition == nil, window == nil, selection.asksOnly(for: region.column) {
            isDecidedByRegion = true
        } else {
            isDecidedByRegion = false
        }
        places = region.flatMap { PlaceReader($0.column, in: table) }
        rowOrder = RowOrder(order, in: table)
        let orderColumns = order.compactMap(\.column)
        sentColumns = Set(selection.shownColumns(in: table)).union(orderColumns).sorted()
        // Who is in a window depends on all others; who is in a region is found by place.
        let isFoundByFields = window == nil && region == nil && selection.shown.rowKind == .entities
        let keyRanges = isFoundByFields ? condition?.keyRanges(table) : nil
        self.keyRanges = keyRanges?.ranges
        if let keyRanges, keyRanges.areExact, let field = keyRanges.field, selection.asksOnly(for: field.column) {
            decidingField = field
        } else {
            decidingField = nil
        }
        var columns = Self.membershipColumns(selection, condition, table)
        if let region { columns.insert(region.column) }
        membershipColumns = (window == nil ? columns : columns.union(orderColumns)).sorted()
    }

    /// Checks the grammar of a text. No name is looked up.
    /// - Throws: ``QueryError`` for a text that is too long, has too many nodes, or does not follow the grammar.
    package static func checkSyntax(of text: String, limits: QueryLimits = .init()) throws(QueryError) {
        _ = try Parser.parse(text, hasEntities: false, limits: limits)
    }

    /// What a text says, as far as its grammar goes.
    /// - Parameter hasEntities: Whether a list of entities stands beside it.
    /// - Throws: As ``checkSyntax(of:limits:)``.
    package static func outline(of text: String, hasEntities: Bool = false) throws(QueryError) -> Outline {
        let syntax = try Parser.parse(text, hasEntities: hasEntities, limits: QueryLimits())
        return Outline(
            isResource: syntax.resource != nil, hasOrder: !syntax.order.isEmpty, window: syntax.window)
    }

    /// The clauses of a text.
    package struct Outline: Sendable {
        package let isResource: Bool
        package let hasOrder: Bool
        package let window: Window?
    }

    private static func membershipColumns(
        _ selection: Selection, _ condition: Condition?, _ table: ComponentTable
    ) -> Set<ColumnID> {
        var columns = Set(selection.required.joined()).union(selection.excluded)
        if let resource = selection.shown.resource { columns.insert(resource) }
        condition?.forEach {
            columns.formUnion($0.namedColumns)
            guard let leaf = $0.searchedLeaf else { return }
            columns.formUnion(
                selection.shownColumns(in: table).filter { table[$0]?.schema?.type.hasLeaf(leaf) ?? false })
        }
        return columns
    }

    package static func == (left: Query, right: Query) -> Bool { left.canonical == right.canonical }

    package func hash(into hasher: inout Hasher) { hasher.combine(canonical) }

    /// What its members are.
    package var rowKind: RowKind { selection.shown.rowKind }

    /// Whether it is a query of a resource, and not of entities.
    package var isResource: Bool { rowKind == .resource }

    /// Whether it is a query of what the server shows of itself.
    package func isStatus(in table: ComponentTable) -> Bool {
        rowKind == .status || selection.shown.resource.flatMap { table[$0]?.isStatus } ?? false
    }

    /// Whether it shows whole components: every entity that has one of the shown components, or every entity there is;
    /// or a resource, whatever its value. The members of any other query must be told.
    package var isPlain: Bool {
        guard region == nil, condition == nil, window == nil, selection.excluded.isEmpty, selection.entities == nil
        else {
            return false
        }
        // What only the order reads is sent of members, and not of everybody who has it.
        guard order.allSatisfy({ $0.column.map(selection.shown.contains) ?? true }) else { return false }
        guard !selection.required.isEmpty else { return true }
        guard selection.required.count == 1 else { return false }
        return switch selection.shown {
        case .listed(let columns), .status(let columns): columns == selection.required[0]
        case .all, .resource: false
        }
    }

    /// Whether births decide about membership too, since a member need not have any component.
    package var readsLife: Bool { selection.required.isEmpty && region == nil && !isResource }

    /// The listed entities, if nothing else decides about membership: those of them that live.
    package var onlyListed: [Entity]? {
        membershipColumns.isEmpty && condition == nil && window == nil ? selection.entities : nil
    }
}
