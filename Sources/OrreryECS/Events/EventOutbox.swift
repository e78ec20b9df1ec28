/// Events that one system, or one chunk of a parallel loop, has sent and that the world does not hold yet.
final class EventOutbox {
    private var waiting: [ObjectIdentifier: any AnyWaitingEvents] = [:]

    func send<Event: Sendable>(_ event: Event) {
        if let known = waiting[ObjectIdentifier(Event.self)] as? WaitingEvents<Event> {
            known.events.append(event)
        } else {
            waiting[ObjectIdentifier(Event.self)] = WaitingEvents([event])
        }
    }

    /// Moves the events of another outbox behind these.
    func take(_ other: EventOutbox) {
        for (type, events) in other.waiting {
            if waiting[type] == nil { waiting[type] = events.makeEmpty() }
            waiting[type]?.take(events)
        }
    }

    /// Moves the events into the world. Events of one type keep the order of sending. Each type has its own buffer, so
    /// the order of types makes no difference.
    func flush(into world: World) {
        for events in waiting.values { events.flush(into: world) }
    }
}

private protocol AnyWaitingEvents {
    func flush(into world: World)
    func makeEmpty() -> any AnyWaitingEvents
    /// - Precondition: Both hold events of the same type.
    func take(_ other: any AnyWaitingEvents)
}

private final class WaitingEvents<Event: Sendable>: AnyWaitingEvents {
    var events: [Event]

    init(_ events: [Event]) {
        self.events = events
    }

    func makeEmpty() -> any AnyWaitingEvents { WaitingEvents([]) }

    func take(_ other: any AnyWaitingEvents) {
        guard let other = other as? WaitingEvents<Event> else { preconditionFailure("events of two types") }
        events.append(contentsOf: other.events)
        other.events.removeAll(keepingCapacity: true)
    }

    func flush(into world: World) {
        for event in events { world.send(event) }
        events.removeAll(keepingCapacity: true)
    }
}
