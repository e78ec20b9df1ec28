import OrrerySchema
import OrreryStore
import OrreryWire

/// The schemas that a client holds, by hash: those of the server that it is connected to, including unreadable ones.
///
/// Bound: the schemas of the table, and those that the server was told of.
struct SchemaCache {
    private let limits: SchemaLimits
    private var schemas: [SchemaHash: Result<ComponentSchema, SchemaProblem>] = [:]
    /// Schemas that the server was told of on this connection, and so never sends.
    private var told: Set<SchemaHash> = []

    init(_ known: [ComponentSchema], limits: SchemaLimits) {
        self.limits = limits
        for schema in known { schemas[schema.hash] = .success(schema) }
    }

    var count: Int { schemas.count }

    /// The schemas that a server need not send, ascending. They are kept as long as the connection lasts.
    mutating func tell(atMost countMax: Int) -> [SchemaHash] {
        let readable = schemas.compactMap { hash, schema in (try? schema.get()) == nil ? nil : hash }
        let hashes = Array(readable.sorted { $0.rawValue < $1.rawValue }.prefix(countMax))
        told = Set(hashes)
        return hashes
    }

    mutating func add(_ schema: EncodedSchema) {
        schemas[schema.hash] = schema.schema(limits: limits)
    }

    func holds(_ hash: SchemaHash) -> Bool { schemas[hash] != nil }

    /// The entry with its schema, or with the reason why there is none.
    func resolve(_ entry: ComponentTable.Entry) -> ComponentTable.Entry {
        entry.with(schemas[entry.schemaHash] ?? .failure(SchemaProblem("the server did not send its schema")))
    }

    /// Forgets schemas that neither the table names nor the server was told of: otherwise a client of many servers
    /// would remember schemas without bound.
    mutating func keep(_ table: ComponentTable) {
        let named = told.union(table.entries.map(\.schemaHash))
        schemas = schemas.filter { named.contains($0.key) }
    }
}
