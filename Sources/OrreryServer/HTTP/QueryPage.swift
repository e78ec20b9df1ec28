import OrreryQuery
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTransport

/// `GET /query?q=Health&limit=20`: who matches a query at this tick, as JSON.
///
/// `{"revision":"…@120","total":3,"rows":[{"entity":"1v1","Health":{"current":30}}]}`. The revision is a field of the
/// head too (`Orrery-Revision`). Without a limit in the text or beside it, at most ``rowCountMax`` rows are shown of
/// all that `total` counts.
enum QueryPage {
    static let path = "/query"
    /// Rows of an answer to which nobody has set a limit.
    static let rowCountMax = 1000
    private static let usage = "Write /query?q= and a query, percent-encoded, and perhaps &limit= and a number."

    static func response(to request: HTTPRequest, for admission: Admission, _ core: inout SyncServer, now: Duration)
        -> HTTPResponse
    {
        guard let texts = request.queryValues(of: "q"), let limits = request.queryValues(of: "limit") else {
            return .text(400, "What follows the question mark cannot be decoded. \(usage)")
        }
        guard texts.count == 1, limits.count <= 1 else { return .text(400, usage) }
        var limit: Int?
        if let text = limits.first {
            guard let number = Int(text), number >= 0 else {
                return .text(400, "limit is a whole number that is not negative.")
            }
            limit = number
        }
        if limit != nil, let outline = try? Query.outline(of: texts[0]), outline.window != nil || outline.isResource {
            return .text(400, "Write the limit in the query or beside it, not both; a resource has none.")
        }
        do throws(QueryFailure) {
            let result = try core.ask(texts[0], atMost: limit ?? rowCountMax, for: admission, now: now)
            let sizeMax = core.configuration.queryAnswerSizeMax
            guard let body = json(result, sizeMax: sizeMax) else {
                return .text(400, "The answer has more than \(sizeMax) bytes (queryAnswerSizeMax): ask for fewer rows.")
            }
            return HTTPResponse(
                status: 200, contentType: "application/json", body: body,
                fields: [.init("Orrery-Revision", "\(result.revision)")])
        } catch {
            return switch error {
            case .refused(let reason): .text(400, sentence(reason))
            case .forbidden(let reason): .text(403, sentence(reason))
            case .busy(let reason): .text(503, sentence(reason), fields: [.init("Retry-After", "1")])
            }
        }
    }

    /// A reason on one line, as the body of a page is.
    private static func sentence(_ reason: String) -> String {
        String(
            String.UnicodeScalarView(reason.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 })
        )
    }

    /// - Returns: `nil` if it would be too long.
    private static func json(_ result: QueryResult, sizeMax: Int) -> [UInt8]? {
        let (store, query) = (result.store, result.query)
        var out: [UInt8] = []
        out.append(text: "{\"revision\":")
        out.append(jsonString: "\(result.revision)")
        out.append(text: ",\"total\":\(result.total),\"rows\":[")
        let columns = query.selection.shownColumns(in: store.table).compactMap { column in
            store.table[column]?.schema.map { (column, $0) }
        }
        for (position, row) in result.rows.enumerated() {
            if position > 0 { out.append(text: ",") }
            out.append(text: "{\"entity\":")
            out.append(jsonEntity: entity(at: row, of: query, in: store))
            for (column, schema) in columns where store[column].contains(row) {
                out.append(text: ",")
                out.append(jsonString: schema.name)
                out.append(text: ":")
                store[column].withValue(of: row) { _ = out.append(json: $0, orNullAs: schema.type) }
            }
            out.append(text: "}")
            guard out.count <= sizeMax else { return nil }
        }
        out.append(text: "]}\n")
        return out
    }

    private static func entity(at row: UInt32, of query: Query, in store: ComponentStore) -> Entity {
        switch query.rowKind {
        case .entities: store.entity(at: row) ?? .none
        case .resource: .none
        case .status: Entity(statusRow: row)
        }
    }
}
