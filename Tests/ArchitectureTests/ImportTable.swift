/// Which target may import what, as written in ARCHITECTURE.md.
struct ImportTable {
    struct Row: Equatable {
        /// Targets of this package.
        var imports: Set<String>
        /// Modules from outside.
        var external: Set<String>
    }

    struct FormatError: Error, CustomStringConvertible {
        let description: String
    }

    static let heading = "## Who may import whom"

    private(set) var rows: [String: Row] = [:]

    /// Reads the table under ``heading``: target, imports and outside modules, each name in backticks.
    init(markdown: String) throws {
        let lines = markdown.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(of: ImportTable.heading[...]) else {
            throw FormatError(description: "there is no heading '\(ImportTable.heading)'")
        }
        let section = lines[(start + 1)...].prefix { !$0.hasPrefix("#") }
        for line in section.filter({ $0.hasPrefix("|") }).dropFirst(2) {
            let cells = line.split(separator: "|").map(ImportTable.names)
            guard cells.count == 3, cells[0].count == 1, let target = cells[0].first else {
                throw FormatError(description: "this row is not target | imports | from outside: \(line)")
            }
            guard rows[target] == nil else { throw FormatError(description: "'\(target)' has two rows") }
            rows[target] = Row(imports: cells[1], external: cells[2])
        }
        for (target, row) in rows {
            for name in row.imports where rows[name] == nil {
                throw FormatError(description: "'\(target)' imports '\(name)', which has no row")
            }
        }
    }

    /// What a target may import: its row, and the targets that those of its row may import.
    func allowed(for target: String) -> Set<String> {
        guard let row = rows[target] else { return [] }
        var found = row.imports
        var open = Array(row.imports)
        while let next = open.popLast() {
            for name in rows[next]?.imports ?? [] where found.insert(name).inserted { open.append(name) }
        }
        return found.union(row.external)
    }

    /// Targets that import themselves by way of others.
    var cycles: [String] { rows.keys.filter { allowed(for: $0).contains($0) }.sorted() }

    /// The words between backticks.
    private static func names(in cell: Substring) -> Set<String> {
        let parts = cell.split(separator: "`", omittingEmptySubsequences: false)
        return Set(parts.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) })
    }
}
