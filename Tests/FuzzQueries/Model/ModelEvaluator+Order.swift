import OrrerySchema

extension ModelEvaluator {
    /// The members of a query, in its order, and whether its window begins at the entity that it names.
    func members(of query: ModelQuery) -> (entities: [Entity], beginsAtItsEntity: Bool) {
        let sorted = matching(query).sorted { left, right in
            for key in query.order {
                let order = order(left, right, by: key)
                if order != 0 { return order < 0 }
            }
            return left < right
        }
        switch query.window {
        case nil: return (sorted, true)
        case .count?: return ([], true)
        case .limit(let count, let offset)?: return (Array(sorted.dropFirst(offset).prefix(count)), true)
        case .from(let entity, let count)?:
            let start = sorted.firstIndex(of: entity)
            return (Array(sorted[(start ?? 0)...].prefix(count)), count == 0 || start != nil)
        }
    }

    private func order(_ left: Entity, _ right: Entity, by key: ModelOrderKey) -> Int {
        guard case .value(let first) = find(key.operand, left), !first.isNaN else {
            guard case .value(let second) = find(key.operand, right), !second.isNaN else { return 0 }
            return 1
        }
        guard case .value(let second) = find(key.operand, right), !second.isNaN else { return -1 }
        let order: Int
        switch (first, second) {
        case (.bool(let left), .bool(let right)): order = (left ? 1 : 0) - (right ? 1 : 0)
        case (.entity(let left), .entity(let right)): order = left < right ? -1 : left == right ? 0 : 1
        case (.string(let left), .string(let right)) where key.isFolded:
            let (left, right) = (left.folded, right.folded)
            // Scalars are in the order of their UTF-8.
            order = left.lexicographicallyPrecedes(right) ? -1 : left == right ? 0 : 1
        default: order = self.order(first, second, key.operand.type) ?? 0
        }
        return key.isDescending ? -order : order
    }
}
