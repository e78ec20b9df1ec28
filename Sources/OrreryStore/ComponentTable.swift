public import OrrerySchema

/// Names a column of a store, and a component on the wire: the number of the component in the server's component table.
public struct ColumnID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: Int

    public init(_ rawValue: Int) {
        self.rawValue = rawValue
    }

    public static func < (left: ColumnID, right: ColumnID) -> Bool { left.rawValue < right.rawValue }
    public var description: String { String(rawValue) }
}

/// The components of a world, each with its number. Numbers may have gaps.
public struct ComponentTable: Hashable, Sendable {
    /// One component: what is to be known of it to keep its values, and to read them.
    public struct Entry: Hashable, Sendable {
        public let column: ColumnID
        /// Unique in its table.
        public let name: String
        public let schemaHash: SchemaHash
        /// Bytes of every value, or `nil` where they vary.
        public let valueSize: Int?
        /// Whether clients may write it at all; rules of the world may still say no.
        public let isWritable: Bool
        /// The value of a new component where nothing else is said, in wire form.
        public let defaultValue: [UInt8]?
        /// `nil` where the values can be kept, but not be read: see ``problem``.
        public let schema: ComponentSchema?
        /// Why there is no schema, in a sentence for people.
        public let problem: String?

        public init(
            _ column: ColumnID, name: String, schemaHash: SchemaHash, valueSize: Int?, isWritable: Bool = false,
            defaultValue: [UInt8]? = nil, schema: ComponentSchema? = nil, problem: String? = nil
        ) {
            self.column = column
            self.name = name
            self.schemaHash = schemaHash
            self.valueSize = valueSize
            self.isWritable = isWritable
            self.defaultValue = defaultValue
            self.schema = schema
            self.problem = problem
        }

        /// The entry of a component whose schema is known.
        public init(
            _ column: ColumnID, _ schema: ComponentSchema, isWritable: Bool = false, defaultValue: [UInt8]? = nil
        ) {
            self.init(
                column, name: schema.name, schemaHash: schema.hash, valueSize: schema.type.fixedSize,
                isWritable: isWritable, defaultValue: defaultValue, schema: schema)
        }

        /// This entry with what is known of its schema.
        public func with(_ schema: Result<ComponentSchema, SchemaProblem>) -> Entry {
            switch schema {
            case .success(let schema) where schema.name != name:
                with(.failure(SchemaProblem("the schema that it names is that of '\(schema.name)'")))
            case .success(let schema) where schema.type.fixedSize != valueSize:
                with(.failure(SchemaProblem("its schema is of another size than its values")))
            case .success(let schema): Entry(column, schema, isWritable: isWritable, defaultValue: defaultValue)
            case .failure(let problem):
                Entry(
                    column, name: name, schemaHash: schemaHash, valueSize: valueSize, isWritable: isWritable,
                    defaultValue: defaultValue, problem: problem.message)
            }
        }

        /// Whether values of both can be kept in one column and read in one way.
        public func hasSameValues(as other: Entry) -> Bool {
            column == other.column && name == other.name && schemaHash == other.schemaHash
                && valueSize == other.valueSize
        }
    }

    /// Ascending by number.
    public let entries: [Entry]

    /// - Precondition: the numbers ascend strictly.
    public init(_ entries: [Entry] = []) {
        precondition(
            zip(entries, entries.dropFirst()).allSatisfy { $0.column < $1.column }, "numbers of a table ascend")
        self.entries = entries
    }

    /// A table without gaps of components that nobody may write.
    public init(_ schemas: [ComponentSchema]) {
        self.init(schemas.enumerated().map { Entry(ColumnID($0), $1) })
    }

    public var columns: [ColumnID] { entries.map(\.column) }

    /// - Complexity: O(1) for a table without gaps, else O(log n).
    public subscript(column: ColumnID) -> Entry? {
        if column.rawValue < entries.count, entries[column.rawValue].column == column {
            return entries[column.rawValue]
        }
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].column < column { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].column == column ? entries[low] : nil
    }

    /// - Complexity: O(n).
    public subscript(name: String) -> Entry? { entries.first { $0.name == name } }

    /// The name of a component, for sentences.
    package func name(of column: ColumnID) -> String { self[column]?.name ?? "component \(column)" }

    /// The schemas that can be read, in the order of the table.
    public var schemas: [ComponentSchema] { entries.compactMap(\.schema) }
}

/// Why the values of a component cannot be read, in a sentence for people.
public struct SchemaProblem: Error, Hashable, Sendable, CustomStringConvertible {
    public let message: String

    public init(_ message: String) {
        self.message = message
    }

    public var description: String { message }
}
