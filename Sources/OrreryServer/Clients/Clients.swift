public import OrrerySchema
public import OrrerySync

/// A client as the world knows it.
public struct ClientIdentity: Hashable, Sendable {
    /// The same for all connections of one client to one life of the world.
    public let id: ClientID
    /// The name by which the client introduced itself. It is not verified: any client can take any name.
    public let name: String
    /// Whom the authorizer says that the client belongs to; empty if it does not say.
    public let subject: String
}

/// An event: a client has joined.
///
/// ```swift
/// schedule.add("launch", in: .input, .events(ClientJoined.self)) { joined, tick in
///     for event in joined { tick.commands.spawn(Ship(), Pilot(client: event.client.id)) }
/// }
/// ```
/// It is sent at the beginning of a tick, before the first mutation of the client. A client that comes back after a
/// lost connection has never left, and does not join again.
public struct ClientJoined: Hashable, Sendable {
    /// The client.
    public let client: ClientIdentity
}

/// An event: a client has left, and does not come back.
///
/// It is sent at the beginning of a tick. Mutations that the client sent before may still be applied after it. Nothing
/// is sent of a client that joins and leaves between two ticks.
public struct ClientLeft: Hashable, Sendable {
    /// Why a client has left.
    public enum Cause: Hashable, Sendable {
        /// The client closed its connection.
        case closed
        /// The client lost its connection, and did not come back within `SyncServerConfiguration/clientRetention`, or
        /// before the server had to forget it for others (`clientCountMax`).
        case timedOut
    }

    /// The client.
    public let client: ClientIdentity
    /// Why it has left.
    public let cause: Cause
}

/// A resource: the clients that have joined and not left, whether they are connected at the moment or not.
///
/// The server inserts it, and updates it at the beginning of a tick.
public struct Clients: Hashable, Sendable {
    /// In the order in which they joined.
    public private(set) var all: [ClientIdentity] = []
    /// What clients see from now on, until the server takes it.
    private var visibilities: [NewVisibility] = []
    /// What rules of visibility are to be asked about anew, until the server takes it.
    private var invalidations: Set<Invalidation> = []

    /// What a client sees from now on.
    struct NewVisibility: Hashable, Sendable {
        var client: ClientID
        var visibility: Visibility
    }

    /// What rules of visibility are to be asked about anew.
    enum Invalidation: Hashable, Sendable {
        case client(ClientID)
        case entity(Entity)
        case everything
    }

    init() {}

    /// The client with an ID; `nil` if it has left, or never joined.
    /// - Complexity: O(log n).
    public subscript(id: ClientID) -> ClientIdentity? {
        let position = position(of: id)
        return position < all.count && all[position].id == id ? all[position] : nil
    }

    /// Lets a client see other things from the next tick on, or fewer. Does nothing for one that has left or
    /// not joined yet.
    ///
    /// The client begins anew: what it may not see any more is gone with the state that it had. So this is for what
    /// seldom changes, such as a team; what clients of a class see of an entity is changed by its
    /// `VisibilityGroups`.
    public mutating func setVisibility(_ visibility: Visibility, of client: ClientID) {
        guard self[client] != nil else { return }
        visibilities.removeAll { $0.client == client }
        visibilities.append(NewVisibility(client: client, visibility: visibility))
    }

    /// At the end of this tick, asks the rules of visibility anew about all entities for all clients: something has
    /// changed that the rules read and do not name (``SyncRegistry/restrict(_:reading:to:)``).
    public mutating func invalidateVisibility() { invalidations = [.everything] }

    /// At the end of this tick, asks the rules of visibility anew about all entities for one client.
    public mutating func invalidateVisibility(of client: ClientID) { invalidations.insert(.client(client)) }

    /// At the end of this tick, asks the rules of visibility anew about one entity for all clients.
    public mutating func invalidateVisibility(of entity: Entity) { invalidations.insert(.entity(entity)) }

    /// Whether there is anything to take.
    var hasRequests: Bool { !visibilities.isEmpty || !invalidations.isEmpty }

    mutating func takeVisibilities() -> [NewVisibility] {
        defer { visibilities = [] }
        return visibilities
    }

    mutating func takeInvalidations() -> Set<Invalidation> {
        defer { invalidations = [] }
        return invalidations
    }

    mutating func join(_ client: ClientIdentity) { all.insert(client, at: position(of: client.id)) }

    mutating func leave(_ client: ClientIdentity) { all.removeAll { $0.id == client.id } }

    /// IDs ascend in the order of joining.
    private func position(of id: ClientID) -> Int { all.partitionIndex { $0.id >= id } }
}
