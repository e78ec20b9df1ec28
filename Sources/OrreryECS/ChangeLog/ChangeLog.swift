public import OrrerySchema

/// The net effect of everything that happened in a world between two drains.
///
/// Made empty, filled by ``World/drainChanges(into:)``, read, and filled again: buffers are kept, so a steady state
/// allocates nothing. Apply it in the order despawned, spawned, removed and replaced, written.
///
/// ```swift
/// world.drainChanges(into: log)
/// log.withChanges(of: Position.self) { entities, positions in
///     for row in entities.indices { send(entities[row], positions[row]) }
/// }
/// ```
/// `@unchecked Sendable`: a log has no lock. It is moved, never shared: the world fills it, hands it to the thread
/// that reads it,
/// and does not touch it until that thread hands it back; the hand-over point is the guard.
public final class ChangeLog: @unchecked Sendable {
    /// One component that an entity lost or exchanged.
    package struct ComponentChange: Hashable, Sendable {
        package let component: ComponentID
        package let entity: Entity

        package init(component: ComponentID, entity: Entity) {
            self.component = component
            self.entity = entity
        }
    }

    /// The tick of the world when the log was filled: the state that it leads to.
    public internal(set) var tick = Tick.zero
    /// Entities that lived at the previous drain and do not now.
    public internal(set) var despawned: [Entity] = []
    /// Entities that live now and did not at the previous drain.
    public internal(set) var spawned: [Entity] = []
    /// Tracked components that an entity had at the previous drain and has not now. Both times it lives.
    package internal(set) var removed: [ComponentChange] = []
    /// Tracked components that an entity had, lost, and has again. The new value is in the component's column.
    package internal(set) var replaced: [ComponentChange] = []
    /// One per tracked component that ever changed in this log's life, in no particular order; `count` is 0 for those
    /// that did
    /// not change now.
    package private(set) var columns: [ColumnChanges] = []
    private var columnOfComponent: [Int] = []
    /// The components of the world, by number.
    var componentTypes: [any Component.Type] = []

    /// An empty log.
    public init() {}

    /// Whether nothing happened.
    public var isEmpty: Bool {
        despawned.isEmpty && spawned.isEmpty && removed.isEmpty && replaced.isEmpty
            && columns.allSatisfy { $0.count == 0 }
    }

    /// The changes of one component; `nil` if it never changed in this log's life.
    /// - Complexity: O(1).
    package subscript(_ component: ComponentID) -> ColumnChanges? {
        guard component.index < columnOfComponent.count, columnOfComponent[component.index] >= 0 else { return nil }
        return columns[columnOfComponent[component.index]]
    }

    /// Empties the log and destroys the values in it; buffers are kept.
    public func reset() {
        tick = .zero
        despawned.removeAll(keepingCapacity: true)
        spawned.removeAll(keepingCapacity: true)
        removed.removeAll(keepingCapacity: true)
        replaced.removeAll(keepingCapacity: true)
        for column in columns { column.reset() }
    }

    /// The changes of one component, made if they are new.
    func column(_ component: ComponentID, _ operations: ComponentOperations) -> ColumnChanges {
        if let known = self[component] {
            precondition(known.type == operations.type, "a change log belongs to one world")
            return known
        }
        while columnOfComponent.count <= component.index { columnOfComponent.append(-1) }
        columnOfComponent[component.index] = columns.count
        let column = ColumnChanges(component, operations)
        columns.append(column)
        return column
    }
}
