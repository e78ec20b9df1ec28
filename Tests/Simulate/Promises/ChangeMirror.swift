package import OrrerySchema
package import OrrerySync
package import OrreryTesting

/// What somebody has who does nothing but follow the list of changes.
package struct ChangeMirror {
    package private(set) var entities: [Entity: [String: [UInt8]]] = [:]

    package init() {}

    /// - Returns: changes that do not go on from what there was.
    package mutating func follow(_ batch: AppliedBatch) -> [String] { follow(batch.changes, at: batch.tick) }

    /// - Returns: changes that do not go on from what there was.
    package mutating func follow(_ changes: [Change], at tick: Tick) -> [String] {
        changes.compactMap { change in
            let before = entities[change.entity].map { entity in
                change.component.map { entity[$0].map { "\($0)" } ?? "no value" } ?? "an entity"
            }
            guard !follow(change) else { return nil }
            return "\(change.cause) of \(change.entity) \(change.component ?? "itself") in the batch to \(tick) does "
                + "not go on from \(before ?? "no entity"), but from \(change.old.map { "\(Array($0))" } ?? "nothing")"
        }
    }

    /// Entities come before their components and go after them; each value goes on from the one before.
    private mutating func follow(_ change: Change) -> Bool {
        if change.entity == .none || change.entity.statusRow != nil { return follow(outsideWorld: change) }
        guard let component = change.component else {
            let before = entities[change.entity]
            entities[change.entity] = change.cause.isShown ? [:] : nil
            return change.cause.isShown ? before == nil : before == [:]
        }
        let before = entities[change.entity]?[component]
        guard entities[change.entity] != nil, (change.new != nil) == change.cause.isShown else { return false }
        entities[change.entity]?[component] = change.new.map(Array.init)
        return before == change.old.map(Array.init)
    }

    /// A resource, and what a server shows of itself, come and go by themselves.
    private mutating func follow(outsideWorld change: Change) -> Bool {
        guard let name = change.component, (change.new != nil) == change.cause.isShown else { return false }
        var values = entities[change.entity] ?? [:]
        let before = values[name]
        values[name] = change.new.map(Array.init)
        entities[change.entity] = values.isEmpty ? nil : values
        return before == change.old.map(Array.init)
    }

    /// The first difference in words.
    package func difference(from contents: Contents) -> [String] {
        guard contents.entities != entities else { return [] }
        let different = Set(contents.entities.keys).union(entities.keys)
            .filter { contents.entities[$0] != entities[$0] }
        return different.min().map { entity in
            func text(_ values: [String: [UInt8]]?) -> String { values.map { "\($0)" } ?? "missing" }
            return ["\(entity) is \(text(entities[entity])), not \(text(contents.entities[entity]))"]
        } ?? []
    }
}
