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
/// A world belongs to one thread at a time, the one that runs its ticks. Every change takes effect at once and is seen
/// by
/// the next read; while a query iterates, or the closure of an update runs, the structure stands still: spawning,
/// despawning,
/// inserting and removing trap then, and are put off with ``commands`` instead.
///
/// Entities live in tables, one per set of components, and component types make themselves known on first use.
public final class World {
    @usableFromInline let storage: UnsafeMutablePointer<WorldStorage>
    var resources: [ObjectIdentifier: AnyObject] = [:]
    var plans: [ObjectIdentifier: QueryPlan] = [:]
    /// Held where plans are made while systems run side by side.
    let planLock = Mutex<Void>(())
    /// Changes that queries asked for while systems ran side by side.
    var wantedStamps: [(QueryConditions.Change.Kind, ComponentID)] = []
    /// How many tables there were when all plans were brought up to date.
    var plannedTableCount = 0
    /// By the identity of the system.
    var systemRuns: [ObjectIdentifier: SystemState] = [:]
    /// How many systems have run so far.
    var systemCount = 0
    /// Room for the systems of a stage that runs.
    var stageSystems: [(system: Schedule.System, run: SystemState)] = []
    var eventBuffers: [ObjectIdentifier: any AnyEventBuffer] = [:]
    var watching = Watching()
    /// Of the relations, in the order in which they became known.
    var referenceIndexes: [ReferenceIndex] = []

    /// By system and component. Held with `planLock` while systems run side by side.
    var scheduleErrorOfAccess: [String: ScheduleError] = [:]

    /// What all random numbers of systems come from (``TickContext/makeRandom(stream:)``). Set it before the first tick
    /// to have another run.
    public var seed: UInt64 = 0

    /// How many events were dropped so far, since ``eventCountMax`` of their type had been sent in one tick.
    public internal(set) var droppedEventCount: UInt64 = 0

    /// Changes put off until the structure may change: flushed by the schedule after each stage, or by
    /// ``flushCommands()``.
    public let commands = Commands()

    /// The tick that the world is in; 0 before the first.
    public package(set) var tick = Tick.zero

    /// Makes an empty world.
    /// - Parameter entityCountMax: The most entities that may live at once, counting each of the rare slots whose 2^32
    ///   - 1 generations are used up. Memory is taken as it is needed, not ahead. There is room for 2^19 pages: one for
    ///   each 4096 entities, and at least one for each set of components that some entity has or had. The default is
    ///   what clients take of entity indexes, 2^22, less 65,536 that a server has for itself.
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

    /// Ends the tick: slots freed in it may be given out again from now on, and events of the tick before are gone. The
    /// schedule's `runTick` does it.
    /// - Complexity: O(types of events).
    public func endTick() {
        storage.pointee.entities.endTick()
        for (type, buffer) in eventBuffers {
            let readers = buffer.isKeptUntilRead ? systemRuns.values.compactMap { $0.readers[type] } : []
            buffer.endTick(slowestReader: readers.min())
        }
    }

    /// Applies the commands that were put off, in the order in which they were given.
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
