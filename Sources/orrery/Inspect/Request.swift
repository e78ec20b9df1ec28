import OrreryClient
import OrreryInspector
import OrrerySchema

/// What to show of which world, independent of the output format.
struct Request: Sendable {
    var url: String
    var access: Access
    var query: InspectorQuery
    var entity: Entity?
    /// How many changes to print at most.
    var changeLimit: Int?
    /// The time-out of the connection, and then of the first state.
    var timeout: Duration

    /// Connects, and finds the requested components.
    func connect() async throws -> (connection: ClientConnection, shown: ShownComponents) {
        let client = try access.client(url: url, connectTimeout: timeout, name: "orrery inspect")
        let connection = try await within(timeout, else: late("did not answer")) { try await client.connect() }
        return (connection, try query.resolved(in: connection.componentTable))
    }

    /// Asks for what was requested, and waits for its first state. The state stays as long as the query is held.
    func query(_ connection: ClientConnection) async throws -> LiveQuery {
        try await within(timeout, else: late("did not send its state")) {
            try await connection.query(QueryText(query.queryText), for: query.entities)
        }
    }

    private func late(_ what: String) -> ToolError {
        ToolError(.cannotConnect, "\(url) \(what) within \(timeout); is it running? --timeout gives it more time")
    }
}
