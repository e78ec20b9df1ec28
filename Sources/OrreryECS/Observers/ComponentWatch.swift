internal import Glibc
internal import OrrerySchema

/// The kind of a step that observers are notified of.
enum ObservedKind {
    case added, changed, removed, despawned
}

/// Watches the writes of one component, for the index of a relation and for observers.
protocol AnyComponentWatch: AnyObject {
    var component: ComponentID { get }
    var operations: ComponentOperations { get }
    /// `nil` for a component that is not a relation.
    var references: ReferenceIndex? { get }
    var hasObservers: Bool { get }
    /// Whether writes are watched, and not removals alone.
    var hearsWrites: Bool { get }
    /// Whether the watch has nothing left to do.
    var isIdle: Bool { get }

    /// Records that an entity loses its value, for systems that read removals.
    func keepRemoval(_ cause: ObservedKind, _ entity: Entity, old: UnsafeRawPointer)
    /// Whether two values differ.
    func differ(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer) -> Bool
    /// Copies a step of one entity, to notify observers later.
    func append(_ kind: ObservedKind, _ entity: Entity, old: UnsafeRawPointer?, new: UnsafeRawPointer?)
    /// Notifies all observers of the oldest waiting step.
    func tellNext(in world: World)
    func removeObserver(_ number: UInt64)
}

/// Watches the writes of one component, and holds the steps that observers have not been notified of yet.
final class ComponentWatch<C: Component>: AnyComponentWatch {
    /// What happened to one entity, with the values of that moment.
    private struct Step {
        let kind: ObservedKind
        let entity: Entity
        let old: C?
        let new: C?
    }

    let component: ComponentID
    let operations: ComponentOperations
    let references: ReferenceIndex?
    /// The buffer of removals; `nil` while no system reads them.
    var removals: EventBuffer<Removal<C>>?
    private var observers: [(number: UInt64, body: (Observation<C>) -> Void)] = []
    /// Steps in the order in which they happened; observers have been notified of those up to ``toldCount``.
    private var waiting: [Step] = []
    private var toldCount = 0
    private let areEqual: (UnsafePointer<C>, UnsafePointer<C>) -> Bool

    /// When no step is waiting any more, room for at most this many is kept.
    private static var waitingCountKept: Int { 4096 }

    init(_ component: ComponentID, _ operations: ComponentOperations, references: ReferenceIndex?) {
        self.component = component
        self.operations = operations
        self.references = references
        areEqual = makeEquality(C.self)
    }

    var hasObservers: Bool { !observers.isEmpty }

    func addObserver(_ number: UInt64, _ body: @escaping (Observation<C>) -> Void) {
        observers.append((number, body))
    }

    func removeObserver(_ number: UInt64) { observers.removeAll { $0.number == number } }

    var hearsWrites: Bool { hasObservers || references != nil }
    var isIdle: Bool { !hearsWrites && removals == nil }

    func keepRemoval(_ cause: ObservedKind, _ entity: Entity, old: UnsafeRawPointer) {
        guard let removals else { return }
        removals.keep(
            Removal(
                entity: entity, old: old.assumingMemoryBound(to: C.self).pointee,
                cause: cause == .despawned ? .despawned : .removed))
    }

    func differ(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer) -> Bool {
        !areEqual(left.assumingMemoryBound(to: C.self), right.assumingMemoryBound(to: C.self))
    }

    func append(_ kind: ObservedKind, _ entity: Entity, old: UnsafeRawPointer?, new: UnsafeRawPointer?) {
        waiting.append(
            Step(
                kind: kind, entity: entity, old: old?.assumingMemoryBound(to: C.self).pointee,
                new: new?.assumingMemoryBound(to: C.self).pointee))
    }

    func tellNext(in world: World) {
        let step = waiting[toldCount]
        toldCount += 1
        if toldCount == waiting.count {
            waiting.removeAll(keepingCapacity: waiting.count <= Self.waitingCountKept)
            toldCount = 0
        }
        let observation = Observation(
            kind: Observation<C>.Kind(step.kind), entity: step.entity, old: step.old, new: step.new, world: world)
        for observer in observers { observer.body(observation) }
    }
}

extension Observation.Kind {
    fileprivate init(_ kind: ObservedKind) {
        switch kind {
        case .added: self = .added
        case .changed: self = .changed
        case .removed: self = .removed
        case .despawned: self = .despawned
        }
    }
}

/// Values of plain bytes are equal if all bytes of their fields are equal, even if `==` says otherwise (NaN). Else `==`
/// decides if the type has it. Values of other types without `==` always differ.
private func makeEquality<C: Component>(_ type: C.Type) -> (UnsafePointer<C>, UnsafePointer<C>) -> Bool {
    let ranges = ValueBytes.ranges(of: type)
    let haveEqualBytes: (UnsafePointer<C>, UnsafePointer<C>) -> Bool = { left, right in
        ranges.allSatisfy { range in
            memcmp(UnsafeRawPointer(left) + range.lowerBound, UnsafeRawPointer(right) + range.lowerBound, range.count)
                == 0
        }
    }
    let areEqual = (type as? any Equatable.Type).map { makeEquality(of: C.self, as: $0) }
    guard _isPOD(C.self) else { return areEqual ?? { _, _ in false } }
    guard let areEqual else { return haveEqualBytes }
    return { haveEqualBytes($0, $1) || areEqual($0, $1) }
}

private func makeEquality<C, E: Equatable>(
    of type: C.Type, as equatable: E.Type
) -> (UnsafePointer<C>, UnsafePointer<C>) -> Bool {
    {
        UnsafeRawPointer($0).assumingMemoryBound(to: E.self).pointee
            == UnsafeRawPointer($1).assumingMemoryBound(to: E.self).pointee
    }
}
