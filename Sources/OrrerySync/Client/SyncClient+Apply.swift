import OrrerySchema
import OrreryStore
import OrreryWire

extension SyncClient {
    /// Applies the sections of one message to the store.
    /// - Throws: ``WireError`` for sections that do not fit the store. The connection is over then, and the store with it.
    mutating func apply(_ bytes: UnsafeRawBufferPointer, to batch: inout AppliedBatch) throws(WireError) {
        var reader = try BatchReader(bytes, schemas: store.schemas, limits: configuration.limits)
        while let section = try reader.next() {
            switch section {
            case .started(let started):
                if let unknown = started.first(where: { selections[$0] == nil }) {
                    throw WireError(.protocolError, "subscription \(unknown) started, but was not asked for")
                }
                batch.started += started
                self.started.formUnion(started)
            case .despawn(let rows):
                try rows.forEach { (index) throws(WireError) in try despawn(index, &batch) }
            case .enter(let rows, let generations, let spawned):
                try enter(rows, generations, spawned: spawned, &batch)
            case .remove(let column, let rows):
                try rows.forEach { (index) throws(WireError) in try remove(index, from: column, &batch) }
            case .values(let column, let rows, let values, let inserted):
                try set(rows, of: column, to: values, inserted: inserted, &batch)
            }
        }
    }

    /// - Throws: where the store would take more than the limit. Nothing is taken then.
    private func makeRoom(for byteCount: Int, at index: UInt32, in column: Column) throws(WireError) {
        guard store.byteCount + column.growth(setting: index, byteCount: byteCount) <= configuration.storeSizeMax else {
            throw WireError(
                .policyViolation,
                "the store would be larger than storeSizeMax, \(configuration.storeSizeMax) bytes; raise it, or subscribe to less"
            )
        }
    }

    /// - Throws: where the list of changes would take more than the limit.
    private func makeRoom(in batch: AppliedBatch, for byteCount: Int) throws(WireError) {
        guard batch.byteCount + AppliedBatch.changeSize + byteCount <= configuration.recordedSizeMax else {
            throw WireError(
                .policyViolation,
                "the changes of a batch take more than recordedSizeMax, \(configuration.recordedSizeMax) bytes; raise it, or "
                    + "subscribe to less")
        }
    }

    private func despawn(_ index: UInt32, _ batch: inout AppliedBatch) throws(WireError) {
        // A server says it of entities that this client may never have known: those that came and went since the base.
        guard let entity = store.entity(at: index) else { return }
        if recordsChanges {
            try makeRoom(in: batch, for: 0)
            batch.append(.despawn, entity)
        }
        store.despawn(entity)
    }

    private func enter(
        _ rows: RowSet, _ generations: UnsafeRawBufferPointer, spawned: Bool, _ batch: inout AppliedBatch
    ) throws(WireError) {
        var position = 0
        try rows.forEach { (index) throws(WireError) in
            let generation = UInt32(littleEndian: generations.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            position += 4
            guard generation > 0 else { throw WireError(.invalidPayload, "entity \(index) enters with generation 0") }
            let entity = Entity(index: index, generation: generation)
            if let known = store.entity(at: index) {
                guard known != entity else { return }
                try despawn(index, &batch)
            }
            try makeRoom(for: 4, at: index, in: store.entities)
            if recordsChanges {
                try makeRoom(in: batch, for: 0)
                batch.append(spawned ? .spawn : .enter, entity)
            }
            store.spawn(entity)
        }
    }

    private func remove(_ index: UInt32, from column: ColumnID, _ batch: inout AppliedBatch) throws(WireError) {
        guard let entity = store.entity(at: index), store[column].contains(index) else { return }
        try makeRoom(in: batch, for: recordsChanges ? store[column].byteCount(of: index) : 0)
        if recordsChanges { batch.append(.remove, entity, column, old: store[column].value(of: index), new: nil) }
        store[column].remove(index, at: store.tick)
        batch.bareCandidates.append(entity)
    }

    private func set(
        _ rows: RowSet, of column: ColumnID, to values: ValueColumn, inserted: Bool, _ batch: inout AppliedBatch
    ) throws(WireError) {
        let target = store[column]
        var position = 0
        try rows.forEach { (index) throws(WireError) in
            guard inserted ? store.entities.contains(index) : target.contains(index) else {
                throw WireError(
                    .invalidPayload,
                    "a value of \(store.schemas[column.rawValue].name) for row \(index), which has not entered")
            }
            let value = values[position]
            position += 1
            try makeRoom(for: value.count, at: index, in: target)
            if recordsChanges, let entity = store.entity(at: index) {
                try makeRoom(in: batch, for: target.byteCount(of: index) + value.count)
                batch.append(.set, entity, column, old: target.value(of: index), new: value)
            }
            target.set(index, to: value, at: store.tick)
        }
    }

    /// Whether some subscription asks for the entity itself, whatever components it has.
    private func coversExistence(of entity: Entity) -> Bool {
        startedSelections.contains { selection in
            switch selection.entities {
            case .all: selection.components == .all
            case .one(let one): one == entity
            }
        }
    }

    /// Forgets an entity of which nothing is left that was asked for: the server will not say when it dies.
    func forgetIfBare(_ entity: Entity) {
        guard store.columns(of: entity).isEmpty, !coversExistence(of: entity) else { return }
        store.despawn(entity)
    }

    /// Forgets the cells that no subscription asks for any more. One that has not started does not count: its first state will
    /// say all that there is, but not what is gone.
    mutating func dropUncovered() {
        var whole: Set<ColumnID> = []
        var single: [ColumnID: Set<Entity>] = [:]
        let every = store.columns.indices.map(ColumnID.init)
        for selection in startedSelections {
            let asked =
                switch selection.components {
                case .all: every
                case .some(let columns): columns
                }
            switch selection.entities {
            case .all: whole.formUnion(asked)
            case .one(let entity):
                for column in asked { single[column, default: []].insert(entity) }
            }
        }
        for column in every where !whole.contains(column) {
            let kept = single[column] ?? []
            store[column].rows.forEach { row in
                if !(store.entity(at: row).map(kept.contains) ?? false) {
                    store[column].remove(row, at: store.tick)
                }
            }
        }
        store.entities.rows.forEach { row in
            if let entity = store.entity(at: row) { forgetIfBare(entity) }
        }
    }
}
