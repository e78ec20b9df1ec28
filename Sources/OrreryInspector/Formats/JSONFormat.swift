package import OrrerySchema
package import OrreryStore

/// Entities as JSON lines: each line has one entity with its components.
package struct JSONFormat: Sendable {
    package private(set) var undecodable = UndecodableValues()
    private let components: [(shown: ShownComponent, key: [UInt8])]

    package init(_ components: [ShownComponent]) {
        self.components = components.map { component in
            var key: [UInt8] = [UInt8(ascii: ",")]
            key.append(jsonString: component.schema.name)
            key.append(UInt8(ascii: ":"))
            return (component, key)
        }
    }

    /// Appends one line. Components that the entity does not have are left out; a value that does not match its schema
    /// is `null`.
    package mutating func append(_ entity: Entity, of store: ComponentStore, to out: inout [UInt8]) {
        out.append(text: "{\"entity\":")
        out.append(jsonEntity: entity)
        for (shown, key) in components {
            store.withValue(of: entity, in: shown.column) { value in
                out.append(contentsOf: key)
                Self.append(value, of: shown.schema, entity, to: &out, &undecodable)
            }
        }
        out.append(text: "}\n")
    }

    /// Appends one value, or `null` if the bytes are not a value of the schema.
    static func append(
        _ value: UnsafeRawBufferPointer, of schema: ComponentSchema, _ entity: Entity, to out: inout [UInt8],
        _ undecodable: inout UndecodableValues
    ) {
        if let error = out.append(json: value, orNullAs: schema.type) { undecodable.note(schema, of: entity, error) }
    }
}
