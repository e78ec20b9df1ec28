import OrrerySchema

/// The values that did not match their schema: how many, and the first of them.
package struct UndecodableValues: Hashable, Sendable {
    package private(set) var count = 0
    private var first: String?

    package init() {}

    mutating func note(_ component: ComponentSchema, of entity: Entity, _ error: CodecError) {
        count += 1
        if first == nil { first = "\(component.name) of \(entity): \(error.message)" }
    }

    /// One sentence for the person who reads the output; `nil` if there were none.
    package var warning: String? {
        guard let first else { return nil }
        return count == 1
            ? "1 value does not fit its schema and is shown as empty (\(first)); the server or its journal is at fault"
            : "\(count) values do not fit their schemas and are shown as empty (the first is \(first)); "
                + "the server or its journal is at fault"
    }
}
