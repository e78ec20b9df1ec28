package import OrrerySchema

/// Identifies a column of a store, and a component on the wire: its number in the server's component table.
package struct ColumnID: NumberedID {
    package let rawValue: Int

    package init(_ rawValue: Int) {
        self.rawValue = rawValue
    }
}

/// What the rows of a column are.
package enum RowKind: Hashable, Sendable {
    /// Entities of the world, by index.
    case entities
    /// Row 0 alone: one value that belongs to no entity.
    case resource
    /// What the server shows of itself, numbered by the server: no entity of any world.
    case status
}

/// The components of a world, each with its number. Numbers may have gaps.
package struct ComponentTable: Hashable, Sendable {
    /// One component: all that is needed to keep its values and to read them.
    package struct Entry: Hashable, Sendable {
        package let column: ColumnID
        /// Unique in its table.
        package let name: String
        package let schemaHash: SchemaHash
        /// The size of every value in bytes, or `nil` if it varies.
        package let valueSize: Int?
        /// Whether clients may write it at all; rules of the world may still refuse a write.
        package let isWritable: Bool
        /// Whether it is a resource: one value of the world instead of one per entity. Its value is row 0 of its
        /// column.
        package let isResource: Bool
        /// Whether the server shows itself with it. It is no part of the world, and only some may see it.
        package let isStatus: Bool
        /// How entities are found by the place that it says; `nil` if they are not.
        package let spatial: SpatialField?
        /// The value of a new component if no other is given, in wire form.
        package let defaultValue: [UInt8]?
        /// `nil` if the values can be kept but not read: see ``problem``.
        package let schema: ComponentSchema?
        /// Why there is no schema, in a sentence for people.
        package let problem: String?

        package init(
            _ column: ColumnID, name: String, schemaHash: SchemaHash, valueSize: Int?, isWritable: Bool = false,
            isResource: Bool = false, isStatus: Bool = false, spatial: SpatialField? = nil,
            defaultValue: [UInt8]? = nil, schema: ComponentSchema? = nil, problem: String? = nil
        ) {
            self.column = column
            self.name = name
            self.schemaHash = schemaHash
            self.valueSize = valueSize
            self.isWritable = isWritable
            self.isResource = isResource
            self.isStatus = isStatus
            self.spatial = spatial
            self.defaultValue = defaultValue
            self.schema = schema
            self.problem = problem
        }

        /// The entry of a component whose schema is known.
        package init(
            _ column: ColumnID, _ schema: ComponentSchema, isWritable: Bool = false, isResource: Bool = false,
            isStatus: Bool = false, spatial: SpatialField? = nil, defaultValue: [UInt8]? = nil
        ) {
            self.init(
                column, name: schema.name, schemaHash: schema.hash, valueSize: schema.type.fixedSize,
                isWritable: isWritable, isResource: isResource, isStatus: isStatus, spatial: spatial,
                defaultValue: defaultValue, schema: schema)
        }

        /// This entry with its schema, or with the reason why it has none.
        package func with(_ schema: Result<ComponentSchema, SchemaProblem>) -> Entry {
            switch schema {
            case .success(let schema) where schema.name != name:
                with(.failure(SchemaProblem("the schema that it names is that of '\(schema.name)'")))
            case .success(let schema) where schema.type.fixedSize != valueSize:
                with(.failure(SchemaProblem("its schema is of another size than its values")))
            case .success(let schema):
                Entry(
                    column, schema, isWritable: isWritable, isResource: isResource, isStatus: isStatus,
                    spatial: spatial, defaultValue: defaultValue)
            case .failure(let problem):
                Entry(
                    column, name: name, schemaHash: schemaHash, valueSize: valueSize, isWritable: isWritable,
                    isResource: isResource, isStatus: isStatus, spatial: spatial, defaultValue: defaultValue,
                    problem: problem.message)
            }
        }

        /// Whether values of both can be kept in one column and read in the same way.
        package func hasSameValues(as other: Entry) -> Bool {
            column == other.column && name == other.name && schemaHash == other.schemaHash
                && valueSize == other.valueSize && rowKind == other.rowKind && isStatus == other.isStatus
        }

        /// What the rows of its column are.
        package var rowKind: RowKind { isResource ? .resource : isStatus ? .status : .entities }
    }

    /// Ascending by number.
    package let entries: [Entry]

    /// - Precondition: The numbers ascend strictly.
    package init(_ entries: [Entry] = []) {
        precondition(
            zip(entries, entries.dropFirst()).allSatisfy { $0.column < $1.column }, "numbers of a table ascend")
        self.entries = entries
    }

    /// A table without gaps, of components that clients may not write.
    package init(_ schemas: [ComponentSchema]) {
        self.init(schemas.enumerated().map { Entry(ColumnID($0), $1) })
    }

    package var columns: [ColumnID] { entries.map(\.column) }

    /// - Complexity: O(1) for a table without gaps, else O(log n).
    package subscript(column: ColumnID) -> Entry? {
        if column.rawValue < entries.count, entries[column.rawValue].column == column {
            return entries[column.rawValue]
        }
        let position = entries.partitionIndex { $0.column >= column }
        return position < entries.count && entries[position].column == column ? entries[position] : nil
    }

    /// - Complexity: O(n).
    package subscript(name: String) -> Entry? { entries.first { $0.name == name } }

    /// The name of a component, for use in sentences.
    package func name(of column: ColumnID) -> String { self[column]?.name ?? "component \(column)" }

    /// The schemas that can be read, in the order of the table.
    package var schemas: [ComponentSchema] { entries.compactMap(\.schema) }

    /// The schemas of the world's resources that can be read, or those of components of its entities, in the order of
    /// the table.
    package func schemas(ofResources isResource: Bool) -> [ComponentSchema] {
        entries.compactMap { $0.isResource == isResource && !$0.isStatus ? $0.schema : nil }
    }

    /// The schemas with which the server shows itself, as far as they can be read, in the order of the table.
    package var statusSchemas: [ComponentSchema] { entries.compactMap { $0.isStatus ? $0.schema : nil } }
}

/// Why the values of a component cannot be read, in a sentence for people.
package struct SchemaProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String

    package init(_ message: String) {
        self.message = message
    }

    package var description: String { message }
}
