public import OrrerySchema
public import OrreryStore
public import OrreryWire

/// What one batch did to a client's store.
public struct AppliedBatch: Sendable {
    /// One thing that happened.
    public struct Change: Hashable, Sendable {
        public enum Kind: Hashable, Sendable {
            /// The entity came to life.
            case spawn
            /// The entity, alive before, came into sight.
            case enter
            /// A component was added, or has another value now.
            case set
            /// A component was removed; the entity lives.
            case remove
            /// The entity is gone, and all its components with it.
            case despawn
        }

        public var kind: Kind
        public var entity: Entity
        /// For `set` and `remove`.
        public var column: ColumnID?
        fileprivate var old: Range<Int>?
        fileprivate var new: Range<Int>?
    }

    /// Why the client did not go on from where it was, but from nothing; `nil` in the normal course of things.
    public enum Reset: Hashable, Sendable {
        /// The server began anew: this is another life of the world.
        case otherEpoch
        /// The server cannot say what happened since: it has not come as far as the client was.
        case unknownTick
    }

    /// Which life of the world this is.
    public let epoch: Epoch
    /// The components of that life, by ``ColumnID``.
    public internal(set) var schemas: [ComponentSchema]
    /// Where the client stood before; tick 0 after a reset.
    public let base: Tick
    /// Set where what was shown before is void; the batch removes it.
    public internal(set) var reset: Reset?
    /// Where it stands now.
    public internal(set) var tick: Tick
    /// Subscriptions whose first state is there with this batch.
    public internal(set) var started: [SubscriptionID] = []
    /// What happened, in the order in which it was applied; empty unless the client records changes.
    public private(set) var changes: [Change] = []
    private var bytes: [UInt8] = []
    /// Entities that lost a component and may have none left.
    var bareCandidates: [Entity] = []

    /// Bytes of one change without its values.
    static let changeSize = MemoryLayout<Change>.stride

    /// Bytes that the changes take.
    /// - Complexity: O(1).
    package var byteCount: Int {
        changes.count * Self.changeSize + bytes.count + started.count * MemoryLayout<SubscriptionID>.stride
            + bareCandidates.count * MemoryLayout<Entity>.stride
    }

    init(epoch: Epoch, schemas: [ComponentSchema], base: Tick, tick: Tick) {
        self.epoch = epoch
        self.schemas = schemas
        self.base = base
        self.tick = tick
    }

    /// The bytes that the component had before; `nil` where it had none.
    public func oldValue(of change: Change) -> ArraySlice<UInt8>? { change.old.map { bytes[$0] } }

    /// The bytes that the component has now; `nil` where it has none.
    public func newValue(of change: Change) -> ArraySlice<UInt8>? { change.new.map { bytes[$0] } }

    mutating func append(_ kind: Change.Kind, _ entity: Entity) {
        changes.append(Change(kind: kind, entity: entity))
    }

    mutating func append(
        _ kind: Change.Kind, _ entity: Entity, _ column: ColumnID, old: [UInt8]?, new: UnsafeRawBufferPointer?
    ) {
        changes.append(
            Change(kind: kind, entity: entity, column: column, old: old.map { store($0) }, new: new.map { store($0) }))
    }

    private mutating func store(_ value: some Collection<UInt8>) -> Range<Int> {
        let start = bytes.count
        bytes.append(contentsOf: value)
        return start..<bytes.count
    }

    /// This batch and the one that follows it as one: nothing is lost, and no state between is seen.
    ///
    /// Of several values of one cell the first old and the last new one stay, where they follow one another directly.
    public func merged(with next: AppliedBatch) -> AppliedBatch {
        // After a reset ticks count anew, and so does what is merged.
        var result = AppliedBatch(
            epoch: next.epoch, schemas: next.schemas, base: next.reset == nil ? base : next.base, tick: next.tick)
        result.reset = next.reset ?? reset
        result.started = started + next.started
        var positions: [CellKey: Int] = [:]
        for (batch, change) in changes.map({ (self, $0) }) + next.changes.map({ (next, $0) }) {
            let key = CellKey(entity: change.entity, column: change.column)
            if change.kind == .set, let position = positions[key] {
                result.changes[position].new = batch.newValue(of: change).map { result.store($0) }
                continue
            }
            // What is set after a removal is another life of the cell. (After a despawn nothing is: an entity lives once.)
            positions[key] = change.kind == .set ? result.changes.count : nil
            var copy = change
            copy.old = batch.oldValue(of: change).map { result.store($0) }
            copy.new = batch.newValue(of: change).map { result.store($0) }
            result.changes.append(copy)
        }
        return result
    }

    private struct CellKey: Hashable {
        var entity: Entity
        var column: ColumnID?
    }
}
