public import OrreryECS
public import OrrerySchema

/// A write that a client asks for, to one component of an entity or to a resource.
public struct ClientWrite<C: Component> {
    /// The client that asks.
    public let client: ClientIdentity
    /// The entity; `nil` for one that is about to be spawned, and for a resource.
    public let entity: Entity?
    /// The present value; `nil` if the entity (or the world, of a resource) has none.
    public let old: C?
    /// The new value; `nil` if the component or resource is to be removed.
    public let new: C?
    /// The world, read-only.
    public let world: WorldReader
}

/// An entity that a client asks to spawn.
public struct ClientSpawn {
    /// The client that asks.
    public let client: ClientIdentity
    /// The world, read-only.
    public let world: WorldReader
    let values: SpawnValues

    /// The value that the entity is to have of a component; `nil` if it is to have none.
    ///
    /// Read it while the rule runs; afterwards there is none.
    /// - Complexity: O(components of the spawn).
    public subscript<C: Component>(_ type: C.Type) -> C? { values.value(type) }

    /// Whether the entity is to have a component.
    /// - Complexity: O(components of the spawn).
    public func has<C: Component>(_ type: C.Type) -> Bool { values.address(type) != nil }
}

/// An entity that a client asks to despawn.
public struct ClientDespawn {
    /// The client that asks.
    public let client: ClientIdentity
    /// The entity.
    public let entity: Entity
    /// The world, read-only.
    public let world: WorldReader
}

/// The decision of a rule.
public enum WriteVerdict: Sendable {
    case allow
    /// Refuses with a reason for the client, which also learns whose rule it was:
    /// `refused by the rule of Health: current must not exceed maximum`.
    case refuse(String)

    /// The reason that the client is sent; nil if the rule allows.
    /// - Parameter name: The name of what the rule guards.
    func reason(of name: String) -> String? {
        guard case .refuse(let reason) = self else { return nil }
        return "refused by the rule of \(name)" + (reason.isEmpty ? "" : ": \(reason)")
    }
}

/// Decides what clients may do. It runs on the simulation thread at the beginning of a tick, against the world itself.
///
/// `Request` is what the rule judges: a ``ClientWrite`` (``WriteRule``), a ``ClientSpawn`` or a ``ClientDespawn``.
public struct ClientRule<Request>: Sendable {
    enum Access: Sendable {
        case never, always
        case judged(@Sendable (Request) -> WriteVerdict)
    }

    let access: Access

    /// Whether clients may do it at all.
    var isOpen: Bool { if case .never = access { false } else { true } }

    /// No client may.
    public static var byServerOnly: Self { Self(access: .never) }

    /// Every client may.
    public static var byClients: Self { Self(access: .always) }

    /// Clients may if `isAllowed` returns true.
    public static func byClients(where isAllowed: @escaping @Sendable (Request) -> Bool) -> Self {
        byClients(judge: { isAllowed($0) ? .allow : .refuse("") })
    }

    /// Clients may if `judge` allows it; the reason of a refusal is sent to the client.
    public static func byClients(judge: @escaping @Sendable (Request) -> WriteVerdict) -> Self {
        Self(access: .judged(judge))
    }
}

/// Decides which clients may write a component or a resource.
public typealias WriteRule<C: Component> = ClientRule<ClientWrite<C>>
