public import OrrerySchema
import Synchronization

/// Entities and their components.
///
/// ```swift
/// let world = World()
/// let ship = world.spawn(Position(), Velocity(x: 1))
/// world.query(Write<Position>.self, Read<Velocity>.self).forEach { position, velocity in
///     position.x += velocity.x
/// }
/// try world.despawn(ship)
/// ```
///
/// A world belongs to one thread at a time: the thread that runs its ticks. Every change takes effect at once and is
/// visible to the next read. While a query iterates or the closure of an update runs, the structure is locked:
/// spawning, despawning, inserting and removing trap. Defer them with ``commands`` instead.
///
/// Entities are stored in tables, one per set of components. Component types register themselves on first use.
public final class World {
    @usableFromInline let storage: UnsafeMutablePointer<WorldStorage>
    var resources: [ObjectIdentifier: AnyObject] = [:]
    /// Those whose changes are logged.
    var trackedResources: [TrackedResource] = []
    var plans: [ObjectIdentifier: QueryPlan] = [:]
    /// Held to make plans while systems run in parallel.
    let planLock = Mutex<Void>(())
    /// Stamps that queries asked for while systems ran in parallel.
    var wantedStamps: [(QueryConditions.Change.Kind, ComponentID)] = []
    /// The number of tables when all plans were last updated.
    var plannedTableCount = 0
    /// Keyed by the identity of the system.
    var systemRuns: [ObjectIdentifier: SystemState] = [:]
    /// How many systems have run so far.
    var systemCount = 0
    /// A reusable buffer for the systems of the running stage.
    var stageSystems: [(system: Schedule.System, run: SystemState)] = []
    var eventBuffers: [ObjectIdentifier: any AnyEventBuffer] = [:]
    var watching = Watching()
    /// One index per relation, in the order of registration.
    var referenceIndexes: [ReferenceIndex] = []

    /// In the order in which they happened, which is open in a stage. Guard: ``planLock``.
    var scheduleErrorList: [ScheduleError] = []

    /// The seed of all random numbers of systems (``TickContext/makeRandom(stream:)``). Set it before the first tick to
    /// get a different run.
    public var seed: UInt64 = 0

    /// The number of events dropped so far because ``eventCountMax`` of their type had already been sent in one tick.
    public internal(set) var droppedEventCount: UInt64 = 0

    /// Changes deferred until the structure may change. The schedule flushes them after each stage; ``flushCommands()``
    /// flushes them at once.
    public let commands = Commands()

    /// The tick that the world is in; 0 before the first.
    public package(set) var tick = Tick.zero

    /// Makes an empty world.
    /// - Parameter entityCountMax: The most entities that may live at once. The rare slots whose 2^32 - 1 generations
    ///   are used up count too. Memory is allocated as needed, not in advance. There is room for 2^19 pages: one for
    ///   each 4096 entities, and at least one for each set of components that some entity has or had. The default is
    ///   the number of entity indexes that clients accept, 2^22, less 65,536 that a server reserves for itself.
    /// - Precondition: `entityCountMax` is at least 1 and below 2^31 - 1.
    public init(entityCountMax: Int = 4_128_768) {
        precondition(entityCountMax >= 1 && entityCountMax < Int(Int32.max), "entityCountMax must be in 1..<2^31-1")
        storage = WorldStorage.make(entityCountMax: entityCountMax)
        storage.pointee.owner = .passUnretained(self)
    }

    deinit {
        storage.destroy()
    }

    /// How many entities live.
    /// - Complexity: O(1).
    public var entityCount: Int { storage.pointee.entities.livingCount }

    /// The most entities that may live at once.
    public var entityCountMax: Int { storage.pointee.entities.entityCountMax }

    /// Ends the tick: slots freed in it may be reused from now on, events of the previous tick are dropped, and so are
    /// removals that every system has read. The schedule's `runTick` calls this method.
    /// - Complexity: O(event types).
    public func endTick() {
        storage.pointee.entities.endTick()
        // Systems that never run again hold up no others.
        if eventBuffers.values.contains(where: \.isKeptUntilRead) { forgetEndedSystems() }
        for (type, buffer) in eventBuffers {
            buffer.endTick(slowestReader: buffer.isKeptUntilRead ? slowestReader(of: type) : nil)
        }
    }

    private func slowestReader(of type: ObjectIdentifier) -> UInt64? {
        var slowest: UInt64?
        for run in systemRuns.values {
            if let reader = run.readers[type] { slowest = min(slowest ?? reader, reader) }
        }
        return slowest
    }

    /// Applies the deferred commands, in the order in which they were given.
    /// - Precondition: No query iterates and no update runs.
    public func flushCommands() {
        requireStructureOpen("flush commands")
        commands.flush(on: self)
    }

    /// Calls a closure with every living entity, table by table.
    /// - Complexity: O(entities).
    public func forEachEntity(_ body: (Entity) -> Void) {
        storage.beginBorrow()
        defer { storage.endBorrow() }
        for table in storage.pointee.tables {
            for row in 0..<table.pointee.rowCount { body(table.pointee.entity(row: row)) }
        }
    }

    @inlinable @inline(__always)
    func requireStructureOpen(_ action: StaticString) { storage.requireStructureOpen(action) }
}

/// A world belongs to one thread at a time; hand it over whole (`sending`), never share it.
@available(*, unavailable)
extension World: Sendable {}
