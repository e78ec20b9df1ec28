package import OrrerySchema
package import OrreryStore

/// A component with its values flattened: one leaf for each column of a table.
package struct ShownComponent: Sendable {
    package let column: ColumnID
    package let schema: ComponentSchema
    /// In the order of their bytes, so that one reader can read all of them.
    package let leaves: [Leaf]

    /// - Returns: `nil` if the component cannot be read.
    package init?(_ entry: ComponentTable.Entry) {
        guard let schema = entry.schema else { return nil }
        self.init(entry.column, schema)
    }

    package init(_ column: ColumnID, _ schema: ComponentSchema) {
        self.column = column
        self.schema = schema
        var leaves: [Leaf] = []
        Self.flatten(schema.type, path: "", unit: nil, into: &leaves)
        self.leaves = leaves
    }

    /// `Position.x`, or only the component's name if it is a single value.
    package func title(of leaf: Leaf) -> String {
        leaf.path.isEmpty ? schema.name : "\(schema.name).\(leaf.path)"
    }

    /// Structures give the leaves of their fields, vectors one leaf for each lane; everything else is one leaf.
    private static func flatten(_ type: FieldType, path: String, unit: String?, into leaves: inout [Leaf]) {
        func below(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        switch type {
        case .structure(let fields) where !fields.isEmpty:
            for field in fields {
                flatten(field.type, path: below(field.name), unit: field.unit ?? unit, into: &leaves)
            }
        case .vector(let scalar, let lanes):
            for lane in ["x", "y", "z", "w"].prefix(lanes) {
                leaves.append(Leaf(path: below(lane), type: .scalar(scalar), unit: unit))
            }
        default: leaves.append(Leaf(path: path, type: type, unit: unit))
        }
    }
}

/// One value of a component, shown in its own column.
package struct Leaf: Hashable, Sendable {
    /// The names that lead to the value, joined by dots; empty for the component itself.
    package let path: String
    package let type: FieldType
    package let unit: String?

    /// Whether the leaf only shows that the entity has the component, which has no value.
    package var isTag: Bool { path.isEmpty && type == .structure([]) }

    /// Whether the leaf is a string or an optional string.
    package var isText: Bool { type == .string || type == .optional(.string) }

    /// Whether the leaf is a number and so right-aligned.
    package var isNumber: Bool {
        switch type {
        case .scalar(let scalar), .optional(.scalar(let scalar)): scalar != .bool
        default: false
        }
    }
}
