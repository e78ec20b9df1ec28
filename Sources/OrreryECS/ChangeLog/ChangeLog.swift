public import OrrerySchema

/// The net effect of everything that happened in a world between two drains.
///
/// Make one empty log, fill it with ``World/drainChanges(into:)``, read it, and fill it again. Buffers are kept, so a
/// steady state allocates nothing. Apply the changes in the order despawned, spawned, removed and replaced, written.
///
/// ```swift
/// world.drainChanges(into: log)
/// log.withChanges(of: Position.self) { entities, positions in
///     for row in entities.indices { send(entities[row], positions[row]) }
/// }
/// ```
/// `@unchecked Sendable`: a log has no lock. It is moved, never shared: the world fills it, hands it to the thread that
/// reads it, and does not touch it until that thread hands it back. The hand-over synchronises the access.
public final class ChangeLog: @unchecked Sendable {
    /// One component that an entity lost or replaced.
    package struct ComponentChange: Hashable, Sendable {
        package let component: ComponentID
        package let entity: Entity

        package init(component: ComponentID, entity: Entity) {
            self.component = component
            self.entity = entity
        }
    }

    /// The world's tick when the log was filled. Applying the log leads to the state of that tick.
    public internal(set) var tick = Tick.zero
    /// Entities that lived at the previous drain and no longer live.
    public internal(set) var despawned: [Entity] = []
    /// Entities that live now and did not at the previous drain.
    public internal(set) var spawned: [Entity] = []
    /// Tracked components that an entity had at the previous drain and no longer has. The entity lives at both times.
    /// A resource counts as a component of ``Entity/resource``, here and in ``columns``.
    package internal(set) var removed: [ComponentChange] = []
    /// Tracked components that an entity had, lost, and has again. The new value is in the component's column.
    package internal(set) var replaced: [ComponentChange] = []
    /// One entry per tracked component that ever changed in this log's life, in no particular order. `count` is 0 for
    /// components that did not change this time.
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

    /// The changes of one component, created if the log has none yet.
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
