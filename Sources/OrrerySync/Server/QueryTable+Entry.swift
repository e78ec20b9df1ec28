import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire

extension QueryTable {
    /// What does not change about a query. An object, so that an entry is copied at little cost.
    final class Definition {
        let query: Query
        /// Never used again in this life of the world.
        let number: QueryNumber
        /// The whole components that it shows; empty if its members are told.
        let cells: Cells
        /// The components that it shows of its members, ascending.
        let shownColumns: [ColumnID]
        /// Those whose changes concern it whoever its members are: changes of the others are found with its members.
        let readColumns: [ColumnID]
        /// The components that decide about its members, if no fields lead to it.
        let decidingColumns: [ColumnID]
        /// Whether births and deaths decide about its members too, beyond the components that come and go with them.
        let isDecidedByLife: Bool
        /// The fields that lead to it.
        let fields: Set<IndexedField>

        init(_ query: Query, _ number: QueryNumber, in components: ComponentTable) {
            self.query = query
            self.number = number
            shownColumns = query.selection.shownColumns(in: components)
            guard !query.isPlain else {
                cells = Cells(everyEntity: query.readsLife, columns: shownColumns)
                (readColumns, decidingColumns, isDecidedByLife, fields) = (shownColumns, [], false, [])
                return
            }
            cells = Cells()
            readColumns = shownColumns.filter { !query.membershipColumns.contains($0) }
            let isFoundByFields = query.keyRanges != nil
            decidingColumns = isFoundByFields ? [] : query.membershipColumns
            isDecidedByLife = !isFoundByFields && query.readsLife
            fields = Set(query.keyRanges?.lazy.map(\.field) ?? [])
        }
    }
}

extension QueryTable.Entry {
    /// What a client is told about it.
    var granted: GrantedQuery {
        GrantedQuery(number, shown: query.selection.shown, tellsMembers: membership != nil)
    }

    /// Whether the entity at a row is a member that clients are told of.
    func hasMember(at row: UInt32, in store: ComponentStore) -> Bool {
        guard let membership, let candidate = membership.candidate(at: row, in: store) else { return false }
        return membership.contains(candidate)
    }

    /// Whether everyone who left it after a tick is known.
    func isKnown(since tick: Tick) -> Bool { membership.map { $0.knownSince <= tick } ?? true }

    /// The fewest units of work for a batch of its members.
    var expectedWork: Int { (membership?.members.count ?? 0) * shownColumns.count }
}
