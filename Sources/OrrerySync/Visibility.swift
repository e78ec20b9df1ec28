public import OrrerySchema
package import OrreryStore

/// Groups of entities, up to 64: what only some clients may see.
///
/// A component of the world that is never sent. An entity without it is seen by everybody; one that has it, by those
/// whose ``Visibility`` has one of its groups.
///
/// ```swift
/// extension VisibilityGroups {
///     static let red = VisibilityGroups(rawValue: 1 << 0)
///     static let blue = VisibilityGroups(rawValue: 1 << 1)
/// }
/// world.spawn(Position(), VisibilityGroups.red)
/// ```
public struct VisibilityGroups: OptionSet, Hashable, Component, BitwiseCopyable {
    /// One bit for each group.
    public var rawValue: UInt64 = 0

    /// Creates no group: whoever does not see everything does not see the entity.
    public init() {}

    /// Creates the groups of these bits.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// What a session sees of a world. Sessions that see the same are of one class, and share what is computed and sent.
///
/// What is hidden is absent, in every way that a client could notice: no query finds it, fields that name a hidden
/// entity read as none, and hidden components are not in the table.
public struct Visibility: Hashable, Sendable {
    /// Entities of these groups are seen, and those of no group; `nil`: all entities.
    public var groups: VisibilityGroups?
    /// The names of the components that are seen; `nil`: all.
    public var components: Set<String>?
    /// Whether rules of visibility (`SyncRegistry.restrict`) show each client what is for it alone. Entities that such
    /// rules decide about are hidden from everybody else who does not see everything.
    public var isPersonal: Bool

    /// Creates the sight of these groups and components, and of what is for each client alone.
    public init(groups: VisibilityGroups? = nil, components: Set<String>? = nil, isPersonal: Bool = false) {
        self.groups = groups
        self.components = components
        self.isPersonal = isPersonal
    }

    /// All entities, all components, whatever rules say.
    public static let everything = Visibility()

    /// Whether a component is seen. What the server shows of itself counts what is hidden too: it is for those who see
    /// everything, or are given it by name.
    package func sees(_ entry: ComponentTable.Entry) -> Bool {
        components?.contains(entry.name) ?? (!entry.isStatus || self == .everything)
    }
}
