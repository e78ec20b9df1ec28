import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire

/// The queries of texts that clients sent: many send the same, and all send theirs again when they come back.
struct QueryTexts {
    private struct Key: Hashable {
        /// Of the view whose components the text names.
        let epoch: Epoch
        /// In UTF-8: to a string, other bytes may be the same text.
        let text: [UInt8]
    }

    /// Bytes that are kept, roughly. Beyond, all are forgotten.
    static let sizeMax = 2 << 20
    /// Bytes of a query besides its text, and for each byte of the text.
    private static let (querySize, sizePerByte) = (1 << 10, 16)

    private var queries: [Key: Query] = [:]
    private var size = 0

    /// The query of a request. One with a list of entities is not kept.
    /// - Parameters:
    ///   - table: The components of a view.
    ///   - epoch: That of the view.
    mutating func query(
        _ request: QueryRequest, in table: ComponentTable, of epoch: Epoch
    ) throws(QueryError) -> Query {
        guard request.entities == nil else { return try Query(request.text, entities: request.entities, in: table) }
        let key = Key(epoch: epoch, text: Array(request.text.utf8))
        if let known = queries[key] { return known }
        let query = try Query(request.text, in: table)
        let querySize = Self.querySize + Self.sizePerByte * key.text.count
        if size + querySize > Self.sizeMax { self = QueryTexts() }
        size += querySize
        queries[key] = query
        return query
    }
}
