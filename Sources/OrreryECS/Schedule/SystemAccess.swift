public import OrrerySchema

/// What a system reads and writes besides the terms of its query: components that it looks up by entity, and resources.
///
/// ```swift
/// schedule.add("blow", in: .update, Write<Velocity>.self, access: [.reads(resource: Wind.self)]) { query, tick in
///     let wind = tick.resource(Wind.self)
///     query.forEach { velocity in velocity.x += wind.x }
/// }
/// ```
/// Two systems conflict if both use the same component or resource and one of them writes it. Those that do not
/// conflict may run side by side.
public struct SystemAccess: Sendable {
    let target: ObjectIdentifier
    let name: String
    let isWrite: Bool
    /// Whether it is a term of the system's query, whose values the closure holds.
    let isTerm: Bool
    /// Makes what is accessed known to a world.
    let prepare: @Sendable (World) -> Void
    /// Whether it is a component that somebody observes.
    let isWatched: @Sendable (World) -> Bool

    /// Values of a component are looked up through ``TickContext/accessor(_:)``.
    public static func reads<C: Component>(_ type: C.Type) -> SystemAccess { component(type, isWrite: false) }

    /// Values of a component are changed through ``TickContext/accessor(_:)``.
    public static func writes<C: Component>(_ type: C.Type) -> SystemAccess { component(type, isWrite: true) }

    /// A resource is looked up through ``TickContext/resource(_:)``.
    public static func reads<Resource>(resource type: Resource.Type) -> SystemAccess {
        SystemAccess(target: ObjectIdentifier(type), name: "\(type)", isWrite: false)
    }

    /// A resource is changed through ``TickContext/withResource(_:_:)``.
    public static func writes<Resource>(resource type: Resource.Type) -> SystemAccess {
        SystemAccess(target: ObjectIdentifier(type), name: "\(type)", isWrite: true)
    }

    init<Term: QueryTerm>(_ term: Term.Type) {
        self = Self.component(Term.Value.self, isWrite: Term.isWrite, isTerm: true)
    }

    private init(
        target: ObjectIdentifier, name: String, isWrite: Bool, isTerm: Bool = false,
        prepare: @escaping @Sendable (World) -> Void = { _ in },
        isWatched: @escaping @Sendable (World) -> Bool = { _ in false }
    ) {
        self.target = target
        self.name = name
        self.isWrite = isWrite
        self.isTerm = isTerm
        self.prepare = prepare
        self.isWatched = isWatched
    }

    private static func component<C: Component>(
        _ type: C.Type, isWrite: Bool, isTerm: Bool = false
    ) -> SystemAccess {
        SystemAccess(
            target: ObjectIdentifier(type), name: C.componentName, isWrite: isWrite, isTerm: isTerm
        ) { world in
            let component = world.register(type)
            if isWrite { world.enlistColumns(of: component) }
        } isWatched: { world in
            world.isWatched(world.register(type))
        }
    }

    func conflicts(with other: SystemAccess) -> Bool {
        target == other.target && (isWrite || other.isWrite)
    }

    /// Whether one system may not name both.
    func excludes(_ other: SystemAccess) -> Bool {
        target == other.target && (isWrite || other.isWrite || isTerm && other.isTerm)
    }

    var description: String { "\(isWrite ? "Write" : "Read")<\(name)>" }
}
