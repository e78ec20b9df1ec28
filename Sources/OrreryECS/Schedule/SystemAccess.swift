internal import OrrerySchema

/// A component or resource that a system reads or writes.
struct SystemAccess: Sendable {
    /// How a system accesses its target.
    private enum Way {
        /// As a term of this query: the closure holds the value itself while it writes.
        case term(of: SystemIdentity)
        /// Entity by entity, through a reader or accessor.
        case lookup
        case resource
    }

    let target: ObjectIdentifier
    let name: String
    let isWrite: Bool
    private let way: Way
    /// Registers the target with a world, which cannot register anything while systems run in parallel.
    let prepare: @Sendable (World) -> Void
    /// Whether the target is a component whose writes are watched.
    let isWatched: @Sendable (World) -> Bool

    static func reads<C: Component>(_ type: C.Type) -> SystemAccess { component(type, isWrite: false, .lookup) }

    static func writes<C: Component>(_ type: C.Type) -> SystemAccess { component(type, isWrite: true, .lookup) }

    static func reads<Resource>(
        resource type: Resource.Type, default make: (@Sendable () -> Resource)? = nil
    ) -> SystemAccess { resource(type, isWrite: false, make) }

    static func writes<Resource>(
        resource type: Resource.Type, default make: (@Sendable () -> Resource)? = nil
    ) -> SystemAccess { resource(type, isWrite: true, make) }

    /// - Parameter query: The same for all terms of one query.
    static func term<Term: QueryTerm>(_ term: Term.Type, of query: SystemIdentity) -> SystemAccess {
        component(Term.Value.self, isWrite: Term.isWrite, .term(of: query))
    }

    private static func component<C: Component>(_ type: C.Type, isWrite: Bool, _ way: Way) -> SystemAccess {
        SystemAccess(
            target: ObjectIdentifier(type), name: C.componentName, isWrite: isWrite, way: way,
            prepare: { world in
                let component = world.register(type)
                if isWrite { world.enlistColumns(of: component) }
            },
            isWatched: { world in world.isWriteWatched(world.register(type)) })
    }

    private static func resource<Resource>(
        _ type: Resource.Type, isWrite: Bool, _ make: (@Sendable () -> Resource)?
    ) -> SystemAccess {
        SystemAccess(
            target: ObjectIdentifier(type), name: "\(type)", isWrite: isWrite, way: .resource,
            prepare: { world in if let make { _ = world.resourceAccessor(default: make) } },
            isWatched: { _ in false })
    }

    func conflicts(with other: SystemAccess) -> Bool {
        target == other.target && (isWrite || other.isWrite)
    }

    /// Whether one system may not declare both, since a closure could hold one value in two places.
    func excludes(_ other: SystemAccess) -> Bool {
        guard target == other.target else { return false }
        if case .term(let query) = way, case .term(let otherQuery) = other.way, query === otherQuery { return true }
        return isHeld || other.isHeld
    }

    /// Whether a closure holds the value in place while it writes.
    private var isHeld: Bool {
        if case .lookup = way { false } else { isWrite }
    }

    var description: String {
        switch way {
        case .term: "\(isWrite ? "Write" : "Read")<\(name)>"
        case .lookup: "\(isWrite ? ".accessor" : ".reader")(\(name).self)"
        case .resource: "\(isWrite ? ".resourceAccessor" : ".resource")(\(name).self)"
        }
    }
}
