package import OrreryClient
package import OrrerySchema
package import OrreryStore
import OrrerySync

/// One thing that happened to an entity, as `--watch` shows it.
package struct WatchedChange: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        /// The entity came to life or into sight.
        case spawn
        /// A component was added, or has another value now.
        case set
        /// A component was removed; the entity lives.
        case remove
        /// The entity is gone.
        case despawn
    }

    package var kind: Kind
    package var entity: Entity
    /// For `set` and `remove`.
    package var column: ColumnID?
    /// The bytes of the component now, for `set`.
    package var value: ArraySlice<UInt8>?

    package init(_ kind: Kind, _ entity: Entity, _ column: ColumnID? = nil, value: ArraySlice<UInt8>? = nil) {
        self.kind = kind
        self.entity = entity
        self.column = column
        self.value = value
    }
}

extension Batch {
    /// Whether the first state of what was asked for came with it.
    package var isBeginning: Bool { !applied.started.isEmpty }

    /// What happened, in order.
    package var watchedChanges: [WatchedChange] {
        applied.changes.map { change in
            let kind: WatchedChange.Kind =
                switch change.kind {
                case .spawn, .enter: .spawn
                case .set: .set
                case .remove: .remove
                case .despawn: .despawn
                }
            return WatchedChange(kind, change.entity, change.column, value: applied.newValue(of: change))
        }
    }
}
