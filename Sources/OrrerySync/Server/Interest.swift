import OrrerySchema
import OrreryStore
import OrreryWire

/// The cells that a session has asked for, by all its subscriptions together: each once, however many ask for it.
struct Interest: Hashable, Sendable {
    /// One entity that is asked for by name.
    struct Single: Hashable, Sendable {
        var entity: Entity
        /// Ascending, none of them asked for as a whole.
        var columns: [ColumnID]
    }

    /// The coming and going of every entity, with components or without.
    var entities = false
    /// Components of all entities, ascending.
    var columns: [ColumnID] = []
    /// Ascending by entity.
    var singles: [Single] = []

    var isEmpty: Bool { !entities && columns.isEmpty && singles.isEmpty }

    init() {}

    init(of selections: some Sequence<Selection>, columnCount: Int) {
        var whole: Set<ColumnID> = []
        var single: [Entity: Set<ColumnID>] = [:]
        let every = (0..<columnCount).map(ColumnID.init)
        for selection in selections {
            let asked: [ColumnID] =
                switch selection.components {
                case .all: every
                case .some(let columns): columns
                }
            switch selection.entities {
            case .all:
                whole.formUnion(asked)
                if selection.components == .all { entities = true }
            case .one(let entity): single[entity, default: []].formUnion(asked)
            }
        }
        columns = whole.sorted()
        singles = single.map { Single(entity: $0.key, columns: $0.value.subtracting(whole).sorted()) }
            .sorted { $0.entity < $1.entity }
    }

    /// What this asks for beyond `other`.
    func subtracting(_ other: Interest) -> Interest {
        var result = Interest()
        result.entities = entities && !other.entities
        result.columns = columns.filter { !other.columns.contains($0) }
        for single in singles {
            let known = other.singles.first { $0.entity == single.entity }
            let columns = single.columns.filter { column in
                !other.columns.contains(column) && !(known?.columns.contains(column) ?? false)
            }
            if known == nil || !columns.isEmpty {
                result.singles.append(Single(entity: single.entity, columns: columns))
            }
        }
        return result
    }
}

/// What is owed to somebody: what happened to these cells after that tick.
struct Owed: Hashable, Sendable {
    var interest: Interest
    var cursor: Tick
}
