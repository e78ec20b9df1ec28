/// Where a system runs among the others of its phase.
public enum SystemOrder: Hashable, Sendable {
    /// Before the named system, which otherwise does not see what this system spawns and despawns.
    case before(String)
    /// After the named system has ended and its commands were flushed.
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
