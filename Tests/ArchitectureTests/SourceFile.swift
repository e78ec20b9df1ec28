import Foundation

/// One Swift file, and what is against the rules in it.
struct SourceFile {
    static let lineCountMax = 400
    /// The formatter holds code to it, and leaves comments as they are.
    static let columnCountMax = 120

    /// Relative to the package.
    var path: String
    var text: String

    /// All Swift files below a folder of the package, in order of their paths.
    static func all(below folder: String, of package: URL) throws -> [SourceFile] {
        let root = package.appending(path: folder)
        let names = FileManager.default.enumerator(atPath: root.path())?.compactMap { $0 as? String } ?? []
        return try names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
            SourceFile(
                path: "\(folder)/\(name)", text: try String(contentsOf: root.appending(path: name), encoding: .utf8))
        }
    }

    /// The modules of the `import` lines, with their line numbers.
    var imports: [(module: String, line: Int)] {
        let pattern =
            #/
            ^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?
            import\s+(?:(?:struct|class|enum|protocol|typealias|func|let|var)\s+)?(\w+)
            /#
        return lines.compactMap { number, line in
            guard line.range(of: "import") != nil else { return nil }
            return (try? pattern.firstMatch(in: line)).map { (String($0.1), number) }
        }
    }

    /// Imports that the target may not have.
    func forbiddenImports(allowed: Set<String>) -> [String] {
        imports.filter { !allowed.contains($0.module) }.map { "\(path):\($0.line): imports \($0.module)" }
    }

    /// What no file may hold.
    var violations: [String] {
        var found: [String] = []
        let lines = lines
        // Looked for in the whole first, which takes a tenth of the time.
        if ["@_exported", "TODO", "FIXME"].contains(where: { text.range(of: $0) != nil }) {
            for (number, line) in lines {
                if line.contains("@_exported"), !path.hasSuffix("/Exports.swift") {
                    found.append("\(path):\(number): @_exported")
                }
                if line.contains(#/\b(?:TODO|FIXME)\b/#) { found.append("\(path):\(number): unfinished work") }
            }
        }
        for (number, line) in lines where line.utf8.count > Self.columnCountMax && line.count > Self.columnCountMax {
            found.append("\(path):\(number): \(line.count) columns, more than \(Self.columnCountMax)")
        }
        let lineCount = lines.count - (text.hasSuffix("\n") ? 1 : 0)
        if lineCount > SourceFile.lineCountMax {
            found.append("\(path): \(lineCount) lines, more than \(SourceFile.lineCountMax)")
        }
        return found
    }

    private var lines: [(number: Int, line: Substring)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { ($0.offset + 1, $0.element) }
    }
}
