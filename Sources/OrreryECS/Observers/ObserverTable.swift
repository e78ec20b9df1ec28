internal import OrrerySchema

/// Who observes what, by component.
@usableFromInline
struct ObserverTable {
    /// One observer, without its type.
    struct Observer {
        let number: UInt64
        let notify: (World, RawObservation) -> Void
    }

    /// An observation whose values are known by address; they are initialised while the observer runs.
    @usableFromInline
    struct RawObservation {
        @usableFromInline
        enum Kind {
            case added, changed, removed, despawned
        }

        let kind: Kind
        let entity: Entity
        let old: UnsafeRawPointer?
        let new: UnsafeRawPointer?
    }

    /// What observers of one component share.
    struct Entry {
        var observers: [Observer] = []
        /// Whether two values are the same, so that nothing has changed.
        let areEqual: (UnsafeRawPointer, UnsafeRawPointer) -> Bool
    }

    private(set) var entries: [ComponentID: Entry] = [:]
    /// Those that are observed, ascending.
    private(set) var components: [ComponentID] = []
    private var nextNumber: UInt64 = 0
    /// How many observers are under way within each other.
    var depth = 0

    /// Observers that cause each other, at most; deeper, they are taken for an endless loop.
    static let depthMax = 32

    mutating func add<C: Component>(
        _ component: ComponentID, _ type: C.Type, _ notify: @escaping (World, RawObservation) -> Void
    ) -> ObserverID {
        nextNumber += 1
        if entries[component] == nil {
            entries[component] = Entry(areEqual: makeEquality(type))
            components.insert(component, at: components.firstIndex { $0 > component } ?? components.endIndex)
        }
        entries[component]?.observers.append(Observer(number: nextNumber, notify: notify))
        return ObserverID(component: component, number: nextNumber)
    }

    /// - Returns: Whether nobody observes the component any more.
    mutating func remove(_ id: ObserverID) -> Bool {
        entries[id.component]?.observers.removeAll { $0.number == id.number }
        guard entries[id.component]?.observers.isEmpty == true else { return false }
        entries[id.component] = nil
        components.removeAll { $0 == id.component }
        return true
    }
}

/// By `==` where the type has it, else by bytes; values of other types always differ.
private func makeEquality<C: Component>(_ type: C.Type) -> (UnsafeRawPointer, UnsafeRawPointer) -> Bool {
    if let type = type as? any Equatable.Type { return makeEquality(equatable: type) }
    guard _isPOD(C.self) else { return { _, _ in false } }
    return { left, right in
        UnsafeRawBufferPointer(start: left, count: MemoryLayout<C>.size)
            .elementsEqual(UnsafeRawBufferPointer(start: right, count: MemoryLayout<C>.size))
    }
}

private func makeEquality<C: Equatable>(equatable type: C.Type) -> (UnsafeRawPointer, UnsafeRawPointer) -> Bool {
    { left, right in left.assumingMemoryBound(to: C.self).pointee == right.assumingMemoryBound(to: C.self).pointee }
}
