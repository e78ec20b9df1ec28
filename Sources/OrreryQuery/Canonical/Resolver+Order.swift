import OrrerySchema
import OrreryStore

extension Resolver {
    /// The keys of an order, without those that decide nothing, such as a field that no value can have.
    func order(_ syntax: [OrderKeySyntax]) throws(QueryError) -> [OrderKey] {
        var keys: [OrderKey] = []
        for each in syntax {
            let value = try value(each.operand)
            guard !each.isFolded || value.type == .text else {
                throw QueryError(.type, column: each.operand.column, expected: "a text after ~, or this without ~")
            }
            let key = OrderKey(value.operand, isFolded: each.isFolded, isDescending: each.isDescending)
            // Among rows that are equal in a key, the same key again decides nothing; no two are the same entity.
            let isDecided = keys.contains { $0.operand == .entity || $0.operand == key.operand && !$0.isFolded }
            if !isDecided, key.canExist, !keys.contains(key) { keys.append(key) }
        }
        // The entity is the last key of every order.
        if keys.last == OrderKey(.entity) { keys.removeLast() }
        return keys
    }
}
