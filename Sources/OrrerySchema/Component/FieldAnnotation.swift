/// What a person should know about one field of a component. Tools show it.
///
/// ```swift
/// extension Position {
///     static var annotations: [FieldAnnotation<Position>] {
///         [.init(\.x, unit: "km", "Towards the vernal equinox."), .init(\.y, unit: "km"), .init(\.z, unit: "km")]
///     }
/// }
/// ```
public struct FieldAnnotation<C: Component>: Sendable {
    let keyPath: any PartialKeyPath<C> & Sendable
    let unit: String?
    let range: ClosedRange<Double>?
    let documentation: String?

    /// - Parameter keyPath: A path to a stored property, or to a stored property of one.
    public init(
        _ keyPath: any PartialKeyPath<C> & Sendable, unit: String? = nil, range: ClosedRange<Double>? = nil,
        _ documentation: String? = nil
    ) {
        self.keyPath = keyPath
        self.unit = unit
        self.range = range
        self.documentation = documentation
    }

    /// Writes the annotation into the field that the key path leads to.
    func apply(to type: inout FieldType, _ form: ComponentCoder<C>.Form) throws(SchemaError) {
        guard let path = ComponentCoder<C>.fieldNames(of: keyPath, form, type) else {
            throw SchemaError(
                component: C.componentName, "the annotated \(keyPath) is no stored property that is a field")
        }
        guard apply(to: &type, path: path[...]) else {
            throw SchemaError(component: C.componentName, path: path, "is annotated, but is no field of the schema")
        }
    }

    private func apply(to type: inout FieldType, path: ArraySlice<String>) -> Bool {
        guard case .structure(var fields) = type, let index = fields.firstIndex(where: { $0.name == path.first }) else {
            return false
        }
        if path.count > 1 {
            guard apply(to: &fields[index].type, path: path.dropFirst()) else { return false }
        } else {
            fields[index].unit = unit
            fields[index].range = range
            fields[index].documentation = documentation
        }
        type = .structure(fields)
        return true
    }
}
