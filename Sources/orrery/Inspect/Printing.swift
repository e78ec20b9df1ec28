import OrreryClient
import OrreryInspector
import OrrerySchema

/// Prints a state once.
struct Printing {
    enum Format {
        case table, json, csv
    }

    var request: Request
    var format: Format

    func run() async throws {
        let (connection, shown) = try await request.connect()
        let query = try await request.query(connection)
        // Nothing is applied after this: the state stays at one tick, and a slow reader of our output does not burden
        // the server.
        connection.close()
        let undecodable = try connection.withSnapshot { snapshot in try print(query.members, snapshot, shown) }
        if let warning = undecodable.warning { throw ToolError(.protocolTrouble, warning) }
    }

    private func print(
        _ entities: [Entity], _ snapshot: Snapshot, _ shown: ShownComponents
    ) throws -> UndecodableValues {
        let store = snapshot.store
        let entities = entities.prefix(request.limit ?? .max)
        var out: [UInt8] = []
        out.reserveCapacity(Output.chunkSize + (16 << 10))
        func flush(over size: Int) throws {
            guard out.count > size else { return }
            try Output.write(out, format == .json ? .json : .plain)
            out.removeAll(keepingCapacity: true)
        }
        switch format {
        case .table:
            var format = TableFormat(shown.present(in: store))
            format.table(of: entities, in: store).append(to: &out)
            try flush(over: 0)
            return format.undecodable
        case .json:
            var format = JSONFormat(shown.components)
            for entity in entities {
                format.append(entity, of: store, to: &out)
                try flush(over: Output.chunkSize)
            }
            try flush(over: 0)
            return format.undecodable
        case .csv:
            var format = CSVFormat(shown.components)
            format.appendHeader(to: &out)
            for entity in entities {
                format.append(entity, of: store, to: &out)
                try flush(over: Output.chunkSize)
            }
            try flush(over: 0)
            return format.undecodable
        }
    }
}
