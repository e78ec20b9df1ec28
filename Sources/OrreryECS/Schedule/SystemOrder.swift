/// Where a system runs among the others of its phase.
public enum SystemOrder: Hashable, Sendable {
    /// Before the system of this name, which does not see what this one spawns and despawns otherwise.
    case before(String)
    /// After the system of this name has ended and its commands were flushed.
    case after(String)

    var name: String {
        switch self {
        case .before(let name), .after(let name): name
        }
    }

    var description: String {
        switch self {
        case .before(let name): "before '\(name)'"
        case .after(let name): "after '\(name)'"
        }
    }
}
