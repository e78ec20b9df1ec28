public import OrrerySchema

/// A looked-up component type of one world, used for every access to a single value of a single entity. A handle holds
/// no reference, so making one and passing it on costs nothing.
@usableFromInline
struct ComponentHandle<C: Component>: BitwiseCopyable {
    /// The world's storage, whose address never changes: one load less than through the class.
    @usableFromInline let storage: UnsafeMutablePointer<WorldStorage>
    @usableFromInline let component: ComponentID
    /// The sparse set with the values; `nil` if they are in the tables of the entities.
    @usableFromInline let sparse: SparsePointer?

    @inlinable @inline(__always)
    init(_ world: World) {
        storage = world.storage
        component = world.register(C.self)
        sparse = C.storage == .sparse ? world.storage.sparse(component) : nil
    }

    /// Where an entity's value is; `nil` if the entity does not live or has none. For a type known not to be sparse,
    /// sparse sets are not searched.
    @inlinable @inline(__always)
    func find(_ entity: Entity) -> Place? {
        storage.find(component, sparse: C.storage == .sparse ? sparseSet : nil, of: entity)
    }

    /// The sparse set of a sparse component.
    @inlinable @inline(__always)
    var sparseSet: SparsePointer {
        guard let sparse else {
            preconditionFailure("\(C.componentName): the storage of a component type may not change")
        }
        return sparse
    }

    @inlinable @inline(__always)
    func place(of entity: Entity) throws(WorldError) -> Place {
        guard let place = find(entity) else { throw absence(of: entity) }
        return place
    }

    /// The error for an entity that has no value.
    @usableFromInline @inline(never)
    func absence(of entity: Entity) -> WorldError {
        storage.pointee.entities.find(entity) == nil
            ? .entityDead(entity, componentName: C.componentName)
            : .componentMissing(entity, componentName: C.componentName)
    }

    @inlinable @inline(__always)
    func insert(_ value: C, on entity: Entity) throws(WorldError) {
        if C.storage == .sparse, let place = storage.extend(entity, bySparse: sparseSet) {
            fill(place, of: entity, with: value)
        } else if C.storage == .table, let new = storage.attach(component, to: entity) {
            new.assumingMemoryBound(to: C.self).initialize(to: value)
        } else {
            try insertElse(value, on: entity)
        }
    }

    /// Handles every case, so it is larger.
    @inlinable @inline(never)
    func insertElse(_ value: C, on entity: Entity) throws(WorldError) {
        storage.requireStructureOpen("insert a component")
        if let place = find(entity) { return write(entity, place) { $0.unheld.pointee = value } }
        guard let place = storage.extend(entity, byAny: component) else { throw absence(of: entity) }
        fill(place, of: entity, with: value)
    }

    /// Writes, marks and reports a value that is new to the entity.
    @inlinable @inline(__always)
    func fill(_ place: Place, of entity: Entity, with value: C) {
        place.value(as: C.self).initialize(to: value)
        place.markAdded()
        if place.column.pointee.isWatched { storage.tellAdded(component, entity, place) }
    }

    @inlinable @inline(__always)
    func remove(from entity: Entity) throws(WorldError) -> C? {
        guard C.storage == .table, let gap = storage.detach(component, from: entity) else {
            return try removeElse(from: entity)
        }
        let place = gap.value.assumingMemoryBound(to: C.self)
        let value = place.move()
        if gap.filler != gap.value { place.moveInitialize(from: gap.filler.assumingMemoryBound(to: C.self), count: 1) }
        return value
    }

    /// Handles every case, so it is larger.
    @inlinable @inline(never)
    func removeElse(from entity: Entity) throws(WorldError) -> C? {
        storage.requireStructureOpen("remove a component")
        guard let place = find(entity) else {
            if storage.pointee.entities.find(entity) == nil { throw absence(of: entity) }
            return nil
        }
        if place.column.pointee.isWatched { storage.tellRemoving(component, entity, place) }
        let value = place.value(as: C.self).move()
        if C.storage == .sparse {
            storage.shrink(entity, bySparse: sparseSet, row: place.row)
        } else {
            storage.shrink(entity, by: component)
        }
        return value
    }

    @inlinable @inline(__always)
    func set(_ value: C, on entity: Entity) throws(WorldError) {
        write(entity, try place(of: entity)) { $0.unheld.pointee = value }
    }

    /// Writes, marks and reports a value. The mark comes last: a stamp taken inside the closure is from before the
    /// write.
    @inlinable @inline(__always)
    func write<Result>(
        _ entity: Entity, _ place: Place, _ body: (UnsafeMutablePointer<C>) -> Result
    ) -> Result {
        guard !place.column.pointee.isWatched else { return writeWatched(entity, place, isTold: true, body) }
        defer { place.mark() }
        return body(place.value(as: C.self))
    }

    /// A separate function keeps the common case small.
    /// - Parameter isTold: If false, nothing is marked and no observer is notified.
    @inlinable @inline(never)
    func writeWatched<Result>(
        _ entity: Entity, _ place: Place, isTold: Bool, _ body: (UnsafeMutablePointer<C>) -> Result
    ) -> Result {
        var result: Result?
        storage.write(component, of: entity, place, isTold: isTold) {
            result = body(place.value(as: C.self))
            if isTold { place.mark() }
        }
        guard let result else { preconditionFailure("a write is done once") }
        return result
    }

    @inlinable @inline(__always)
    func update<Result>(_ entity: Entity, _ body: (inout C) -> Result) throws(WorldError) -> Result {
        let place = try place(of: entity)
        guard !storage.pointee.isShared, !place.column.pointee.isWatched else {
            storage.beginBorrow()
            defer { storage.endBorrow() }
            return write(entity, place) { value in hold(value, body) }
        }
        // Restores the count instead of decrementing it: the known value needs no wait.
        let borrowCount = storage.pointee.borrowCount
        storage.pointee.borrowCount = borrowCount &+ 1
        defer {
            storage.pointee.borrowCount = borrowCount
            place.mark()
        }
        return hold(place.value(as: C.self), body)
    }

    @inlinable @inline(__always)
    func updateUnmarked<Result>(_ entity: Entity, _ body: (inout C) -> Result) throws(WorldError) -> Result {
        let place = try place(of: entity)
        storage.beginBorrow()
        defer { storage.endBorrow() }
        guard !place.column.pointee.isWatched else {
            return writeWatched(entity, place, isTold: false) { value in hold(value, body) }
        }
        return hold(place.value(as: C.self), body)
    }

    /// Holds a value while a closure writes it.
    @inlinable @inline(__always)
    func hold<Result>(_ value: UnsafeMutablePointer<C>, _ body: (inout C) -> Result) -> Result {
        value.hold()
        defer { value.release() }
        return body(&value.pointee)
    }
}

extension UnsafeMutablePointer<WorldStorage> {
    /// Traps while a query iterates or an update runs: values may not move under an `inout`.
    @inlinable @inline(__always)
    func requireStructureOpen(_ action: StaticString) {
        guard pointee.borrowCount == 0 else { trapStructureBorrowed(action) }
    }

    @usableFromInline @inline(never)
    func trapStructureBorrowed(_ action: StaticString) -> Never {
        fatalError(
            "World: cannot \(action) while a query iterates or an update runs; use world.commands, "
                + "which are applied when the system has ended.")
    }
}
