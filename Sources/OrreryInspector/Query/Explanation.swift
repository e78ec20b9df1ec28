package import OrreryClient
import OrreryQuery
package import OrreryStore

extension InspectorQuery {
    /// How a server reads the query and what it costs, in lines for people.
    /// - Throws: ``QueryError`` if it is no query of this table.
    package func explanation(in table: ComponentTable, cost: QueryCost) throws(QueryError) -> String {
        let query = try Query(queryText, entities: entities, in: table)
        func names(_ columns: [ColumnID]) -> String { columns.map { table.name(of: $0) }.joined(separator: ", ") }
        let deciding = query.membershipColumns
        let life = query.readsLife && query.onlyListed == nil ? ["births and deaths"] : []
        let keys = query.keyFields(in: table)
        let found =
            query.isPlain || query.onlyListed != nil
            ? "nothing is tested: the members are those who have what it shows, or who are listed"
            : query.region != nil
                ? "place: entities near the centre are tested when something changes there, or when it moves"
                : "changes of \((deciding.map { table.name(of: $0) } + life).joined(separator: ", ")): "
                    + "the rows that changed are tested"
                    + (keys.isEmpty ? "" : "; among many queries, by values of \(keys.joined(separator: ", "))")
        let lines = [
            ("query", query.text(in: table)),
            ("shows", query.selection.shown == .all ? "everything" : names(query.selection.shownColumns(in: table))),
            ("decided by", deciding.isEmpty ? "life alone" : names(deciding)), ("found by", found),
            (
                "cost",
                "\(cost.rowCount) rows x \(cost.nodeCount) nodes = \(cost.rowCount * cost.nodeCount) tests, asked once"
            ),
        ]
        return lines.map { name, value in
            "\(name)\(String(repeating: " ", count: 12 - name.count))\(DisplayText.printable(value))\n"
        }.joined()
    }
}
