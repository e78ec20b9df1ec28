import OrrerySchema
import OrreryStore
import OrreryWire

/// The components of the connected server, in the form that mutations need.
struct ServerComponents {
    /// One component, as `C` writes it.
    struct Typed<C: Component> {
        let column: ColumnID
        let schema: ComponentSchema
        let binding: ComponentBinding<C>
        fileprivate let bindings: Bindings

        /// Whether a value of `C` covers all fields of the server's component.
        var holdsAllFields: Bool { binding.holdsAllFields }

        func encode(_ value: C) throws(ClientError) -> [UInt8] {
            try ServerComponents.checking { () throws(CodecError) in try binding.encode(value) }
        }

        /// Writes the fields that both sides have; if those are all fields, writes the value whole.
        func set(_ value: C, on entity: Entity, _ expected: C?) throws(ClientError) -> Mutation.Operation {
            guard !holdsAllFields else {
                var expectedBytes: [UInt8]?
                if let expected { expectedBytes = try encode(expected) }
                return .set(entity, .init(column, try encode(value)), expected: expectedBytes)
            }
            var patches = try fields(of: value).map { Mutation.FieldPatch(path: $0.path, bytes: $0.bytes) }
            if let expected {
                for (position, field) in try fields(of: expected).enumerated() {
                    patches[position].expected = field.bytes
                }
            }
            return .patch(entity, column, patches)
        }

        /// Writes the field that a key path leads to.
        func patch<V>(
            _ keyPath: PartialKeyPath<C>, _ value: V, _ expected: V?
        ) throws(ClientError) -> Mutation.FieldPatch {
            guard let names = bindings.names(of: keyPath, by: binding), let path = schema.type.positions(of: names),
                let type = schema.type.field(at: path)
            else {
                throw ClientError(
                    .component, "\(keyPath) is no field that the server's \(C.componentName) has", phase: .mutate)
            }
            func encoded(_ value: V) throws(ClientError) -> [UInt8] {
                try ServerComponents.checking { () throws(CodecError) in
                    try DynamicValue(of: value, as: type).encoded(as: type)
                }
            }
            var patch = Mutation.FieldPatch(path: path, bytes: try encoded(value))
            if let expected { patch.expected = try encoded(expected) }
            return patch
        }

        /// The fields that both sides have, in the server's encoding.
        func fields(of value: C) throws(ClientError) -> [Mutation.FieldValue] {
            try ServerComponents.checking { () throws(CodecError) in
                try binding.encodeFields(of: value).map { Mutation.FieldValue(path: $0.path, bytes: $0.bytes) }
            }
        }
    }

    let table: ComponentTable
    let bindings: Bindings
    /// The phase given in errors.
    let phase: ClientError.Phase

    /// - Throws: ``ClientError`` of code `component` that lists the available names.
    func entry(of component: String) throws(ClientError) -> ComponentTable.Entry {
        guard let entry = table[component] else {
            let names = table.entries.map(\.name).sorted().joined(separator: ", ")
            throw ClientError(.component, "the server has no component '\(component)'; it has: \(names)", phase: phase)
        }
        return entry
    }

    /// A component whose values this client can read.
    func readable(_ component: String) throws(ClientError) -> (column: ColumnID, schema: ComponentSchema) {
        let entry = try entry(of: component)
        guard let schema = entry.schema else {
            throw ClientError(
                .component, "'\(component)' cannot be read: \(entry.problem ?? "it has no schema")", phase: phase)
        }
        return (entry.column, schema)
    }

    func component<C: Component>(_ type: C.Type) throws(ClientError) -> Typed<C> {
        let (column, schema) = try readable(C.componentName)
        return Typed(
            column: column, schema: schema, binding: try bindings.binding(of: C.self, to: schema),
            bindings: bindings)
    }

    /// A typed component to add to an entity.
    func new<C: Component>(_ value: C) throws(ClientError) -> Mutation.NewComponent {
        let component = try component(C.self)
        guard !component.holdsAllFields else { return .init(component.column, try component.encode(value)) }
        return .init(component.column, .fields(try component.fields(of: value)))
    }

    /// Converts named fields to the server's encoding. An empty path, which must be alone, means the whole component.
    func fields(
        _ component: String, _ values: [(path: [String], value: DynamicValue)]
    ) throws(ClientError) -> (column: ColumnID, fields: [Mutation.FieldValue]) {
        let (column, schema) = try readable(component)
        guard values.count == 1 || !values.contains(where: \.path.isEmpty) else {
            throw ClientError(
                .invalidValue, "\(component) is written whole, and by its fields; do one of both", phase: phase)
        }
        var fields: [Mutation.FieldValue] = []
        for (path, value) in values {
            let (positions, type) = try field(path, of: schema)
            fields.append(
                .init(
                    path: positions,
                    bytes: try Self.checking { () throws(CodecError) in try value.encoded(as: type) }))
        }
        return (column, fields)
    }

    /// An untyped component to add to an entity.
    func new(
        _ component: String, _ values: [(path: [String], value: DynamicValue)]
    ) throws(ClientError) -> Mutation.NewComponent {
        let (column, fields) = try fields(component, values)
        if let first = fields.first, first.path.isEmpty { return .init(column, first.bytes) }
        return .init(column, .fields(fields))
    }

    /// - Parameter path: Field names, from the outermost; empty for the component itself.
    func field(_ path: [String], of schema: ComponentSchema) throws(ClientError) -> (positions: [Int], type: FieldType)
    {
        guard !path.isEmpty else { return ([], schema.type) }
        guard let positions = schema.type.positions(of: path), let type = schema.type.field(at: positions) else {
            throw ClientError(
                .component,
                "\(schema.name) is \(schema.type) and has no field '\(schema.name).\(path.joined(separator: "."))'",
                phase: phase)
        }
        return (positions, type)
    }

    /// Rethrows a codec error as a client error.
    static func checking<R>(_ body: () throws(CodecError) -> R) throws(ClientError) -> R {
        do throws(CodecError) { return try body() } catch {
            throw ClientError(.invalidValue, error.description, phase: .mutate)
        }
    }
}
