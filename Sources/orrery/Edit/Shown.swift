import OrreryClient
import OrreryInspector
import OrrerySchema

/// Values of single entities as text.
enum Shown {
    /// A component or one of its fields as JSON; `nil` if the entity does not have the component.
    static func text(
        of component: String, _ path: [String], of entity: Entity, _ connection: ClientConnection
    ) throws -> String? {
        let type = try connection.type(of: component, path)
        return try connection.withSnapshot { snapshot in
            guard var value = try snapshot.value(of: component, of: entity) else { return nil }
            for name in path { value = value[name] ?? value }
            return ValueText.json(value, as: type)
        }
    }
}
