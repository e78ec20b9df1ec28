internal import OrrerySchema

extension World {
    /// The maximum number of events of one type in one tick; further events are dropped and counted.
    public static var eventCountMax: Int { 1 << 20 }

    /// Sends an event to all readers of its type: each reader sees it once, in this tick or the next.
    ///
    /// Systems send through ``TickContext/send(_:)``. Events beyond ``eventCountMax`` in a tick are dropped, and
    /// counted in ``droppedEventCount``.
    /// - Complexity: O(1), amortised.
    public func send<Event: Sendable>(_ event: Event) {
        if !eventBuffer(Event.self).append(event) { droppedEventCount += 1 }
    }

    /// The buffer of a type, made on first use.
    func eventBuffer<Event: Sendable>(_ type: Event.Type) -> EventBuffer<Event> {
        let key = ObjectIdentifier(type)
        if let known = eventBuffers[key] { return unsafeDowncast(known, to: EventBuffer<Event>.self) }
        let made = EventBuffer<Event>()
        eventBuffers[key] = made
        return made
    }

    /// The buffer of a component's removals, which are kept from now on.
    func keepRemovals<C: Component>(of type: C.Type) -> EventBuffer<Removal<C>> {
        let key = ObjectIdentifier(Removal<C>.self)
        let known = eventBuffers[key].map { unsafeDowncast($0, to: EventBuffer<Removal<C>>.self) }
        if let known, known.isKeptUntilRead { return known }
        // What was sent as an event of this type is no removal of this world.
        let made = EventBuffer<Removal<C>>(isKeptUntilRead: true, first: known?.end ?? 0)
        eventBuffers[key] = made
        let component = register(type)
        makeWatch(of: type, component).removals = made
        setWatch(watch(of: component), of: component)
        return made
    }

    /// The events from a reader's number on. Changes nothing.
    func events<Event: Sendable>(of type: Event.Type, from reader: UInt64) -> Events<Event> {
        guard let known = eventBuffers[ObjectIdentifier(type)] else { return Events() }
        return unsafeDowncast(known, to: EventBuffer<Event>.self).events(from: reader)
    }
}

/// A reader of events outside of a schedule: sees each event once.
///
/// ```swift
/// var hits = EventReader<Hit>()
/// for hit in hits.read(world) { … }
/// ```
public struct EventReader<Event: Sendable>: Sendable {
    private var next: UInt64 = 0

    /// A reader that begins with the oldest event that is kept.
    public init() {}

    /// The events that were sent since the last call.
    /// - Complexity: O(1).
    public mutating func read(_ world: World) -> Events<Event> {
        let events = world.events(of: Event.self, from: next)
        next += events.missedCount + UInt64(events.count)
        return events
    }
}
