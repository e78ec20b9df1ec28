public import OrrerySchema
import Synchronization

extension World {
    /// The number of a component type in this world, assigned on first use.
    /// - Complexity: O(1).
    @discardableResult
    @inlinable @inline(__always)
    package func register<C: Component>(_ type: C.Type) -> ComponentID {
        ComponentID(storage.pointee.types.findAtHome(ObjectIdentifier(type)) ?? registerElse(type).rawValue)
    }

    /// A separate function keeps the common case small.
    @inlinable @inline(never)
    func registerElse<C: Component>(_ type: C.Type) -> ComponentID {
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

    /// Begins to log the writes of a component. The next drain reports all existing values.
    /// - Complexity: O(rows with the component / 64); O(entities) for the first tracked component.
    /// - Precondition: No query iterates.
    public func track<C: Component>(_ type: C.Type) {
        requireStructureOpen("track a component")
        let component = register(type)
        guard !storage.pointee.components[component.index].isTracked else { return }
        activateJournal()
        storage.pointee.components[component.index].isTracked = true
        storage.pointee.components[component.index].isFresh = true
        storage.forEachColumn(of: component) { column in
            column.beginMarks()
            column.markForDrain(0..<column.pointee.table.pointee.rowCount)
        }
        // An entity's table does not tell since when the entity has a sparse component; stamps do.
        if storage.sparse(component) != nil { keepAddedStamps(component) }
    }

    /// Begins to record when a component is written or gained, for queries that ask. While systems run in parallel,
    /// this is deferred; until it takes effect, all rows count as changed.
    func keepStamps(_ kind: QueryConditions.Change.Kind, of component: ComponentID) {
        guard !storage.pointee.isShared else {
            return planLock.withLock { _ in wantedStamps.append((kind, component)) }
        }
        switch kind {
        case .added: keepAddedStamps(component)
        case .changed: keepChangedStamps(component)
        }
    }

    /// Begins to record when rows of a component are written. Existing rows count as written now.
    func keepChangedStamps(_ component: ComponentID) {
        guard !storage.pointee.components[component.index].hasChangedStamps else { return }
        storage.pointee.components[component.index].hasChangedStamps = true
        storage.forEachColumn(of: component) { $0.beginStamps(\.changed) }
    }

    /// Begins to record when entities gain a component. Entities that have it count as having gained it now.
    func keepAddedStamps(_ component: ComponentID) {
        guard !storage.pointee.components[component.index].hasAddedStamps else { return }
        storage.pointee.components[component.index].hasAddedStamps = true
        storage.forEachColumn(of: component) { $0.beginStamps(\.added) }
    }

    /// Begins to journal structural changes. The first log reports entities that already live as spawned.
    func activateJournal() {
        guard !storage.pointee.journal.isActive else { return }
        storage.pointee.journal.activate()
        for table in storage.pointee.tables {
            for row in 0..<table.pointee.rowCount { storage.pointee.journal.spawned(table.pointee.entity(row: row)) }
        }
    }

    @usableFromInline
    func enter<C: Component>(_ type: C.Type, _ operations: ComponentOperations) -> ComponentID {
        guard !storage.pointee.isShared else {
            fatalError(
                "World: '\(C.componentName)' is used for the first time where systems or parts of a query run "
                    + "side by side; name it in a parameter of the system, or use it before.")
        }
        precondition(MemoryLayout<C>.alignment <= 64, "\(C.componentName): columns are aligned to 64 bytes at most")
        let name = C.componentName
        if let other = storage.pointee.components.first(where: { $0.name == name }) {
            fatalError(
                "World: two component types are named '\(name)': \(String(reflecting: other.operations.type)) and "
                    + "\(String(reflecting: type)); state another static componentName in one (in a generic type: one "
                    + "that names what tells them apart).")
        }
        storage.reserveComponent()
        let component = ComponentID(UInt32(storage.pointee.components.count))
        storage.pointee.components.append(
            WorldStorage.ComponentEntry(operations: operations, name: name))
        if C.storage == .sparse {
            let sparse = SparsePointer.allocate(capacity: 1)
            sparse.initialize(to: SparseStorage(component: component, world: storage))
            storage.pointee.components[component.index].sparse = sparse
            storage.pointee.sparse.append(sparse)
        }
        storage.pointee.types.insert(ObjectIdentifier(type), component.rawValue)
        if let relation = type as? any Relation.Type { beginIndex(relation, component) }
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
    /// Whether values may be copied as bytes.
    package let isBitwise: Bool
    /// Whether the component's writes are logged.
    package let isTracked: Bool
}
