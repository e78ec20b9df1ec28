import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire

extension BatchApplier {
    /// Applies the messages of a whole batch as one.
    /// - Throws: ``WireError`` for sections that do not fit the store. The connection is then over, and the batch half
    ///   applied.
    mutating func apply(_ messages: [[UInt8]], into batch: inout AppliedBatch) throws(WireError) {
        // The store may get the same tick twice: when a subscription is added between two ticks.
        store.advance(to: batch.tick)
        for message in messages {
            let result = message.withUnsafeBytes { bytes in
                Result { () throws(WireError) in try apply(bytes, to: &batch) }
            }
            try result.get()
        }
        // Only after all sections: an entity that loses its last component may get another one further on.
        try endBatch(&batch)
    }

    private mutating func apply(_ bytes: UnsafeRawBufferPointer, to batch: inout AppliedBatch) throws(WireError) {
        var reader = try BatchReader(bytes, limits: configuration.limits)
        while let section = try reader.next(store.table) { try apply(section, to: &batch) }
    }

    mutating func apply(_ section: BatchSection, to batch: inout AppliedBatch) throws(WireError) {
        switch section {
        case .table(let removed, let added): try change(removed: removed, added: added, &batch)
        case .schema(let schema): try take(schema, &batch)
        case .started(let ids): try start(ids, &batch)
        case .despawn(let rows):
            try rows.forEach { (index) throws(WireError) in try despawn(index, &batch) }
        case .left(let query, let rows):
            shown.leave(rows, try position(of: query))
            leftRows = leftRows.union(rows)
        case .restarted(let query):
            leftRows = leftRows.union(try restart(query))
        case .joined(let query, let rows): try join(rows, query, batch)
        case .extent(let query, let extent): shown.set(extent, try position(of: query))
        case .centre(let query, let isLost): shown.set(isCentreLost: isLost, try position(of: query))
        case .enter(let rows, let generations, let spawned):
            try enter(rows, generations, spawned: spawned, &batch)
        case .remove(let column, let rows):
            try rows.forEach { (index) throws(WireError) in try remove(index, from: column, &batch) }
        case .values(let column, let rows, let values, let inserted):
            if inserted { anew.came(rows, in: column) }
            try set(rows, of: column, to: values, inserted: inserted, &batch)
        }
    }

    private mutating func change(
        removed: [ColumnID], added: [ComponentTable.Entry], _ batch: inout AppliedBatch
    ) throws(WireError) {
        let table = store.table
        if let unknown = removed.first(where: { table[$0] == nil }) {
            throw WireError(.protocolError, "component \(unknown) is taken away, and is not in the table")
        }
        let rest = table.entries.filter { !removed.contains($0.column) }
        for entry in added {
            guard table[entry.column] == nil else {
                throw WireError(.protocolError, "component \(entry.column) is added, and its number is in use")
            }
            guard !rest.contains(where: { $0.name == entry.name }) else {
                throw WireError(.protocolError, "component '\(entry.name)' is added, and its name is in use")
            }
        }
        guard rest.count + added.count <= configuration.limits.componentCountMax else {
            throw WireError(
                .policyViolation, "more than componentCountMax, \(configuration.limits.componentCountMax), components")
        }
        awaitedSchemas.formUnion(added.map(\.schemaHash).filter { !schemas.holds($0) })
        batch.changedTable = true
        let entries = rest + added.map { schemas.resolve($0) }
        batch.list += try install(ComponentTable(entries.sorted { $0.column < $1.column }))
        schemas.keep(store.table)
    }

    /// Takes the schema of a new component. Other schemas are ignored: no component names them.
    private mutating func take(_ schema: EncodedSchema, _ batch: inout AppliedBatch) throws(WireError) {
        let hash = schema.hash
        guard awaitedSchemas.remove(hash) != nil else { return }
        schemas.add(schema)
        batch.changedTable = true
        batch.list += try install(
            ComponentTable(store.table.entries.map { $0.schemaHash == hash ? schemas.resolve($0) : $0 }))
    }

    private mutating func start(_ ids: [SubscriptionID], _ batch: inout AppliedBatch) throws(WireError) {
        if let unknown = ids.first(where: { granted[$0] == nil }) {
            throw WireError(.protocolError, "subscription \(unknown) started, but was not granted")
        }
        batch.started += ids
        start(ids)
    }

    /// - Throws: If the store would exceed its limit. Nothing is stored then.
    private func makeRoom(for byteCount: Int, at index: UInt32, in column: Column) throws(WireError) {
        guard store.byteCount + column.growth(setting: index, byteCount: byteCount) <= configuration.storeSizeMax else {
            throw WireError(
                .policyViolation,
                "the store would be larger than storeSizeMax, \(configuration.storeSizeMax) bytes; raise it, or "
                    + "subscribe to less"
            )
        }
    }

    /// - Throws: If the list of changes would exceed its limit.
    private func makeRoom(in batch: AppliedBatch, for byteCount: Int) throws(WireError) {
        guard batch.byteCount + ChangeList.changeSize + byteCount <= configuration.recordedSizeMax else {
            throw WireError(
                .policyViolation,
                "the changes of a batch take more than recordedSizeMax, \(configuration.recordedSizeMax) bytes; "
                    + "raise it, or subscribe to less")
        }
    }

    private mutating func join(_ rows: RowSet, _ query: QueryNumber, _ batch: AppliedBatch) throws(WireError) {
        let position = try position(of: query)
        let candidates: RowSet? =
            switch shown.queries[position].granted.rowKind {
            case .entities: store.entities.rows
            case .resource: RowSet([Entity.resource.index])
            // Their values come later in the batch.
            case .status: nil
            }
        guard candidates.map({ rows.subtracting($0).isEmpty }) ?? true else {
            throw WireError(.invalidPayload, "an entity joins query \(query) that has not entered")
        }
        shown.join(rows, position, despawned: batch.despawned)
    }

    mutating func despawn(_ index: UInt32, _ batch: inout AppliedBatch) throws(WireError) {
        // A server also despawns entities that this client may never have known: those that came and went since the
        // base.
        guard let entity = store.entity(at: index) else { return }
        if recordsChanges {
            for column in store.columns(of: entity) {
                guard let entry = store.table[column] else { continue }
                try makeRoom(in: batch, for: store[column].byteCount(of: index))
                store[column].withValue(of: index) { batch.list.append(.despawned, entity, entry, old: $0) }
            }
            try makeRoom(in: batch, for: 0)
            batch.list.append(.despawned, entity)
        }
        batch.despawned.append(entity)
        store.despawn(entity)
        shown.forget(index)
    }

    private mutating func enter(
        _ rows: RowSet, _ generations: UnsafeRawBufferPointer, spawned: Bool, _ batch: inout AppliedBatch
    ) throws(WireError) {
        var position = 0
        anew.came(rows)
        try rows.forEach { (index) throws(WireError) in
            let generation = UInt32(littleEndian: generations.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            position += 4
            let entity = Entity(index: index, generation: generation)
            if let known = store.entity(at: index) {
                guard known != entity else { return }
                try despawn(index, &batch)
            }
            try makeRoom(for: 4, at: index, in: store.entities)
            if recordsChanges {
                try makeRoom(in: batch, for: 0)
                batch.list.append(spawned ? .spawned : .entered, entity)
            }
            store.spawn(entity)
        }
        if spawned { spawnedRows = spawnedRows.union(rows) }
    }

    private mutating func remove(
        _ index: UInt32, from column: ColumnID, _ batch: inout AppliedBatch
    ) throws(WireError) {
        guard store[column].contains(index) else { return }
        try makeRoom(in: batch, for: recordsChanges ? store[column].byteCount(of: index) : 0)
        leave(column, index, .removed, &batch.list)
    }

    private func set(
        _ rows: RowSet, of column: ColumnID, to values: ValueColumn, inserted: Bool, _ batch: inout AppliedBatch
    ) throws(WireError) {
        guard let entry = store.table[column] else { return }
        let component = recordsChanges ? batch.list.position(of: entry) : -1
        var position = 0
        try rows.forEachRun { (first, count) throws(WireError) in
            defer { position += count }
            if let size = entry.valueSize, let packed = values.packed, entry.rowKind == .entities {
                let run = UnsafeRawBufferPointer(rebasing: packed[position * size..<(position + count) * size])
                if try set(from: first, count, of: entry, to: run, inserted: inserted, component, &batch) { return }
            }
            for offset in 0..<count {
                try set(
                    first + UInt32(offset), of: entry, to: values[position + offset], inserted: inserted, component,
                    &batch)
            }
        }
    }

    /// Sets consecutive rows at once, if all of them have values already, or if changes are not recorded.
    /// - Returns: Whether it was done.
    private func set(
        from first: UInt32, _ count: Int, of entry: ComponentTable.Entry, to values: UnsafeRawBufferPointer,
        inserted: Bool, _ component: Int32, _ batch: inout AppliedBatch
    ) throws(WireError) -> Bool {
        let target = store[entry.column]
        let areKnown = target.containsAll(from: first, count: count)
        guard areKnown || inserted && !recordsChanges && store.entities.containsAll(from: first, count: count) else {
            return false
        }
        if !areKnown { try makeRoom(for: 0, at: first, in: target) }
        if recordsChanges {
            let isNews = target.withValues(from: first, count: count) { Self.differ($0, values, count) }
            guard isNews else { return false }
            try makeRoom(in: batch, for: (count - 1) * ChangeList.changeSize + 2 * values.count)
            store.entities.withValues(from: first, count: count) { generations in
                target.withValues(from: first, count: count) { old in
                    batch.list.append(
                        setFrom: first, generations: generations, component: component,
                        valueSize: values.count / count, old: old, new: values)
                }
            }
        }
        target.set(from: first, count: count, to: values, at: store.tick)
        return true
    }

    /// Whether each of so many values differs from the one before.
    private static func differ(_ old: UnsafeRawBufferPointer, _ new: UnsafeRawBufferPointer, _ count: Int) -> Bool {
        let size = new.count / count
        for start in stride(from: 0, to: new.count, by: max(1, size)) {
            let range = start..<start + size
            if UnsafeRawBufferPointer(rebasing: old[range]).elementsEqual(UnsafeRawBufferPointer(rebasing: new[range]))
            {
                return false
            }
        }
        return size > 0
    }

    private func set(
        _ index: UInt32, of entry: ComponentTable.Entry, to value: UnsafeRawBufferPointer, inserted: Bool,
        _ component: Int32, _ batch: inout AppliedBatch
    ) throws(WireError) {
        let target = store[entry.column]
        let owner = store.owner(of: index, in: target)
        guard inserted ? owner != nil : target.contains(index) else {
            throw WireError(.invalidPayload, "a value of \(entry.name) for row \(index), which has not entered")
        }
        try makeRoom(for: value.count, at: index, in: target)
        if recordsChanges, let entity = owner {
            try makeRoom(in: batch, for: target.byteCount(of: index) + value.count)
            // A cell may come twice, for two queries: the same value is no change.
            let isKnown =
                target.withValue(of: index) { old in
                    guard !old.elementsEqual(value) else { return }
                    batch.list.append(.set, entity, component: component, old: old, new: value)
                } != nil
            if !isKnown {
                batch.list.append(
                    comesIntoView(entry, index) ? .entered : .set, entity, component: component, new: value)
            }
        }
        target.set(index, to: value, at: store.tick)
    }

    /// Whether a component came into view, and was not given to its entity in the world.
    private func comesIntoView(_ entry: ComponentTable.Entry, _ row: UInt32) -> Bool {
        guard entry.rowKind != .entities || !spawnedRows.contains(row) else { return false }
        return addedColumns.contains(entry.column) ? shown.covers(entry, row) : shown.comesIntoView(entry, row)
    }
}
