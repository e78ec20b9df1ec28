package import OrrerySchema
package import OrreryStore

/// The formats in which a state is printed once.
package enum StateFormat: Sendable {
    case table, json, csv

    /// Whom the output is for: JSON may be escaped, the others must not reach a terminal as they are.
    package var form: TerminalText.Form { self == .json ? .json : .plain }

    /// How many match a query, in a line.
    package func text(ofTotal total: Int) -> String {
        switch self {
        case .table: "\(total)\n"
        case .json: "{\"count\":\(total)}\n"
        case .csv: "count\n\(total)\n"
        }
    }

    /// Prints entities with what a query shows of them.
    /// - Parameters:
    ///   - chunkSize: The bytes that are gathered before they are written. A table is written in one piece.
    ///   - write: Takes the next bytes.
    /// - Complexity: O(cells).
    package func print(
        _ entities: some Sequence<Entity>, of store: ComponentStore, _ shown: ShownComponents, chunkSize: Int,
        to write: ([UInt8]) throws -> Void
    ) rethrows -> UndecodableValues {
        var out: [UInt8] = []
        out.reserveCapacity(chunkSize + (16 << 10))
        func flush(over size: Int) throws {
            guard out.count > size else { return }
            try write(out)
            out.removeAll(keepingCapacity: true)
        }
        switch self {
        case .table:
            var format = TableFormat(shown.present(in: store))
            format.table(of: entities, in: store).append(to: &out)
            try flush(over: 0)
            return format.undecodable
        case .json:
            var format = JSONFormat(shown.components)
            for entity in entities {
                format.append(entity, of: store, to: &out)
                try flush(over: chunkSize)
            }
            try flush(over: 0)
            return format.undecodable
        case .csv:
            var format = CSVFormat(shown.components)
            format.appendHeader(to: &out)
            for entity in entities {
                format.append(entity, of: store, to: &out)
                try flush(over: chunkSize)
            }
            try flush(over: 0)
            return format.undecodable
        }
    }
}
