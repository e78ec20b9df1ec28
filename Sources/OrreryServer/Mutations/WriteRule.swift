public import OrreryECS
public import OrrerySchema

/// The client that asks for a change.
public struct ClientIdentity: Hashable, Sendable {
    /// The same for all connections of one client to one life of the world.
    public let id: ClientID
    /// The name by which the client introduced itself; it is not verified.
    public let name: String
}

/// A write that a client asks for, to one component of an entity.
public struct ClientWrite<C: Component> {
    /// The client that asks.
    public let client: ClientIdentity
    /// The entity; `nil` for one that is about to be spawned.
    public let entity: Entity?
    /// The present value; `nil` if the entity has none.
    public let old: C?
    /// The new value; `nil` if the component is to be removed.
    public let new: C?
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

/// Decides which clients may write a component. It runs on the simulation thread at the beginning of a tick, against
/// the world itself.
public struct WriteRule<C: Component>: Sendable {
    enum Access: Sendable {
        case never, always
        case judged(@Sendable (ClientWrite<C>) -> WriteVerdict)
    }

    let access: Access

    /// Whether clients may write the component at all.
    var isOpen: Bool { if case .never = access { false } else { true } }

    /// Read-only for clients.
    public static var byServerOnly: WriteRule { WriteRule(access: .never) }

    /// Every client may set, insert and remove the component.
    public static var byClients: WriteRule { WriteRule(access: .always) }

    /// Clients may write the component if `isAllowed` returns true.
    public static func byClients(where isAllowed: @escaping @Sendable (ClientWrite<C>) -> Bool) -> WriteRule {
        WriteRule(
            access: .judged { isAllowed($0) ? .allow : .refuse("") })
    }

    /// Clients may write the component if `judge` allows it; the reason of a refusal is sent to the client.
    public static func byClients(judge: @escaping @Sendable (ClientWrite<C>) -> WriteVerdict) -> WriteRule {
        WriteRule(access: .judged(judge))
    }
}

/// Decides which clients may spawn or despawn. It runs when and where a ``WriteRule`` does.
public struct LifeRule: Sendable {
    let judge: (@Sendable (ClientIdentity, Entity?, WorldReader) -> WriteVerdict)?

    /// No client may.
    public static var byServerOnly: LifeRule { LifeRule(judge: nil) }
    /// Every client may.
    public static var byClients: LifeRule { LifeRule { _, _, _ in .allow } }

    /// Clients may spawn or despawn if `judge` allows it.
    /// - Parameter judge: Gets the client, the entity to despawn (`nil` for a spawn), and the world, read-only.
    public static func byClients(
        judge: @escaping @Sendable (ClientIdentity, Entity?, WorldReader) -> WriteVerdict
    ) -> LifeRule {
        LifeRule(judge: judge)
    }
}
