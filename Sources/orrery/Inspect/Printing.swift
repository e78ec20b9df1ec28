import OrreryClient
import OrreryInspector
import OrrerySchema

/// Prints a state once.
struct Printing {
    var request: Request
    var format: StateFormat

    func run() async throws {
        let (connection, shown) = try await request.connect()
        let query = try await request.query(connection)
        // Nothing is applied after this: the state stays at one tick, and a slow reader of our output does not burden
        // the server.
        connection.close()
        let undecodable = try connection.withSnapshot { snapshot in
            try format.print(
                query.members, of: snapshot.store, shown, chunkSize: Output.chunkSize
            ) { try Output.write($0, format.form) }
        }
        if let warning = undecodable.warning { throw ToolError(.protocolTrouble, warning) }
    }
}
