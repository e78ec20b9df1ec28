/// What a client may do.
public struct AccessRights: OptionSet, Hashable, Sendable {
    /// One bit for each right.
    public let rawValue: UInt8

    /// Creates the rights of these bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Subscribe and query.
    public static let observe = AccessRights(rawValue: 1 << 0)
    /// Mutate what the world lets clients write.
    public static let control = AccessRights(rawValue: 1 << 1)
    /// All of them.
    public static let all: AccessRights = [.observe, .control]
}

/// Whom a server lets in: who it is, what they may do, and what they see.
public struct Admission: Hashable, Sendable {
    /// Whom the connection belongs to; empty if nobody says it. A client can only be resumed by the same subject.
    public var subject: String
    /// What the client may do.
    public var rights: AccessRights
    /// What it sees at first; the world may change that.
    public var visibility: Visibility

    /// Creates the admission of a subject with these rights.
    public init(subject: String = "", rights: AccessRights, visibility: Visibility = .everything) {
        self.subject = subject
        self.rights = rights
        self.visibility = visibility
    }
}
