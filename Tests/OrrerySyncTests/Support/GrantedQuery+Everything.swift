import OrreryQuery
import OrreryWire

extension GrantedQuery {
    /// Everything, as the first query of a server.
    static var everything: GrantedQuery { GrantedQuery(QueryNumber(1), shown: .all, tellsMembers: false) }
}
