public import OrrerySchema

extension World {
    /// The number of a component type in this world, given out on first use.
    /// - Complexity: O(1).
    @discardableResult
    @inlinable
    package func register<C: Component>(_ type: C.Type) -> ComponentID {
        if let known = storage.pointee.types.find(ObjectIdentifier(type)) { return ComponentID(known) }
        return enter(type, ComponentOperations(type))
    }

    /// All component types that this world has seen, by number.
    /// - Complexity: O(components).
    package var components: [ComponentDescription] {
        storage.pointee.components.enumerated().map { index, entry in
            ComponentDescription(
                id: ComponentID(UInt32(index)), name: entry.name, type: entry.operations.type,
                stride: entry.operations.stride, isBitwise: entry.operations.isBitwise, isTracked: entry.isTracked)
        }
    }

    /// Begins to log the writes of a component. The next drain publishes all values that there are.
    /// - Complexity: O(rows that have it / 64); O(entities) for the first component that is tracked.
    /// - Precondition: No query iterates.
    public func track<C: Component>(_ type: C.Type) {
        requireStructureOpen("track a component")
        let component = register(type)
        guard !storage.pointee.components[component.index].isTracked else { return }
        activateJournal()
        storage.pointee.components[component.index].isTracked = true
        storage.pointee.components[component.index].isFresh = true
        for table in storage.pointee.tables {
            let column = table.pointee.column(of: component)
            guard column >= 0 else { continue }
            table.pointee.columns[column].reserveBits(rows: table.pointee.reservedRows, oldRows: 0)
            for chunk in 0..<table.pointee.usedChunkCount { table.mark(column: column, chunk: chunk) }
        }
    }

    /// From now on structural changes are journaled; who lives already is news for the first log.
    func activateJournal() {
        guard !storage.pointee.journal.isActive else { return }
        storage.pointee.journal.activate()
        for table in storage.pointee.tables {
            for row in 0..<table.pointee.rowCount { storage.pointee.journal.spawned(table.pointee.entity(row: row)) }
        }
    }

    @usableFromInline
    func enter<C: Component>(_ type: C.Type, _ operations: ComponentOperations) -> ComponentID {
        precondition(MemoryLayout<C>.alignment <= 64, "\(C.componentName): columns are aligned to 64 bytes at most")
        let component = ComponentID(UInt32(storage.pointee.components.count))
        storage.pointee.components.append(
            WorldStorage.ComponentEntry(operations: operations, name: C.componentName))
        storage.pointee.types.insert(ObjectIdentifier(type), component.rawValue)
        return component
    }

    func componentName(_ component: ComponentID) -> String { storage.pointee.components[component.index].name }
}

/// What a world knows of one component type.
package struct ComponentDescription: Sendable {
    package let id: ComponentID
    package let name: String
    package let type: any Component.Type
    /// Bytes from one value to the next in memory; 0 for a tag.
    package let stride: Int
    /// Values may be copied as bytes.
    package let isBitwise: Bool
    /// Its writes are logged.
    package let isTracked: Bool
}
