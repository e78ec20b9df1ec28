public import OrreryECS
public import OrrerySchema

/// Who wants something changed.
public struct ClientIdentity: Hashable, Sendable {
    /// The same over all connections of one client to one life of the world.
    public let id: ClientID
    /// As the client introduced itself; nobody has checked it.
    public let name: String
}

/// What a client wants to do to a component of an entity.
public struct ClientWrite<C: Component> {
    /// Who wants it.
    public let client: ClientIdentity
    /// `nil` for an entity that is about to be spawned.
    public let entity: Entity?
    /// The value that it has; `nil` where it has none.
    public let old: C?
    /// The value that it is to have; `nil` where it is to be removed.
    public let new: C?
    /// The world, to look at.
    public let world: WorldReader
}

/// What a rule says.
public enum WriteVerdict: Sendable {
    case allow
    /// With a reason, for the client, which is told whose rule it was: `refused by the rule of Health: current must not
    /// exceed maximum`.
    case refuse(String)

    /// What the client is told.
    /// - Parameter name: whose rule it was.
    func reason(of name: String) -> String? {
        guard case .refuse(let reason) = self else { return nil }
        return "refused by the rule of \(name)" + (reason.isEmpty ? "" : ": \(reason)")
    }
}

/// Who may write a component. Asked on the simulation thread at the beginning of a tick, against the world itself.
public struct WriteRule<C: Component>: Sendable {
    enum Access: Sendable {
        case never, always
        case judged(@Sendable (ClientWrite<C>) -> WriteVerdict)
    }

    let access: Access

    /// Whether clients may write at all.
    var isOpen: Bool { if case .never = access { false } else { true } }

    /// Read-only for clients.
    public static var byServerOnly: WriteRule { WriteRule(access: .never) }

    /// Every client may set, insert and remove it.
    public static var byClients: WriteRule { WriteRule(access: .always) }

    /// Clients may write it where `isAllowed` says so.
    public static func byClients(where isAllowed: @escaping @Sendable (ClientWrite<C>) -> Bool) -> WriteRule {
        WriteRule(
            access: .judged { isAllowed($0) ? .allow : .refuse("") })
    }

    /// Clients may write it where `judge` allows it; the reason of a refusal goes to the client.
    public static func byClients(judge: @escaping @Sendable (ClientWrite<C>) -> WriteVerdict) -> WriteRule {
        WriteRule(access: .judged(judge))
    }
}

/// Who may spawn or despawn. Asked as a ``WriteRule`` is.
public struct LifeRule: Sendable {
    let judge: (@Sendable (ClientIdentity, Entity?, WorldReader) -> WriteVerdict)?

    /// No client may.
    public static var byServerOnly: LifeRule { LifeRule(judge: nil) }
    /// Every client may.
    public static var byClients: LifeRule { LifeRule { _, _, _ in .allow } }

    /// - Parameter judge: told of the client, of the entity that is to be despawned (`nil` for a spawn), and of the
    ///   world to look at.
    public static func byClients(
        judge: @escaping @Sendable (ClientIdentity, Entity?, WorldReader) -> WriteVerdict
    ) -> LifeRule {
        LifeRule(judge: judge)
    }
}
