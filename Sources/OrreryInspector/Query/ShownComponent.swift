package import OrrerySchema
package import OrreryStore

/// A component with its values laid out flat: one leaf for each column of a table.
package struct ShownComponent: Sendable {
    package let column: ColumnID
    package let schema: ComponentSchema
    /// In the order of their bytes, so that one reader passes over all of them.
    package let leaves: [Leaf]

    /// - Returns: `nil` for a component that cannot be read.
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

    /// `Position.x`, or the component's name alone where it is one value.
    package func title(of leaf: Leaf) -> String {
        leaf.path.isEmpty ? schema.name : "\(schema.name).\(leaf.path)"
    }

    /// Structures give the leaves of their fields, vectors one for each lane; all else is one leaf.
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

/// One value of a component that is shown in a column of its own.
package struct Leaf: Hashable, Sendable {
    /// The names that lead to it, joined by points; empty for the component itself.
    package let path: String
    package let type: FieldType
    package let unit: String?

    /// Whether it stands for having the component, and has no value besides.
    package var isTag: Bool { path.isEmpty && type == .structure([]) }

    /// Whether it is a string, or may be one.
    package var isText: Bool { type == .string || type == .optional(.string) }

    /// Whether it is a number, and so stands to the right.
    package var isNumber: Bool {
        switch type {
        case .scalar(let scalar), .optional(.scalar(let scalar)): scalar != .bool
        default: false
        }
    }
}
