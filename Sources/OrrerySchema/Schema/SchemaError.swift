/// A component that cannot be registered, or a schema that cannot be used: which component and field, why, and what to
/// do.
public struct SchemaError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name of the component.
    public var component: String
    /// The names that lead to the field: `["orbit", "primary"]`; empty for the component as a whole.
    public var path: [String]
    /// What is wrong and what to do, for people.
    public var message: String

    /// Creates an error of a component, or of one of its fields.
    public init(component: String, path: [String] = [], _ message: String) {
        self.component = component
        self.path = path
        self.message = message
    }

    /// `Component 'Label', field 'text': …`
    public var description: String {
        path.isEmpty
            ? "Component '\(component)': \(message)"
            : "Component '\(component)', field '\(path.joined(separator: "."))': \(message)"
    }
}
