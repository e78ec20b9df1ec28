import Foundation
import Testing

/// The checks themselves: each finds what it is there for.
@Suite struct RuleTests {
    private let markdown = """
        # A
        ## Who may import whom
        Text with `Code`.
        | Target | Imports | From outside |
        |---|---|---|
        | `Base` | - | `Glibc` |
        | `Middle` | `Base` | - |
        | `Top` | `Middle` | `Logging` |
        ## Next
        | `Other` | - | - |
        """

    @Test func targetsInheritButOutsideModulesDoNot() throws {
        let table = try ImportTable(markdown: markdown)
        #expect(table.rows.keys.sorted() == ["Base", "Middle", "Top"])
        #expect(table.allowed(for: "Base") == ["Glibc"])
        #expect(table.allowed(for: "Top") == ["Middle", "Base", "Logging"])
        #expect(table.allowed(for: "Unknown") == [])
        #expect(table.cycles == [])
    }

    @Test func circlesAreFound() throws {
        let circle = markdown.replacingOccurrences(of: "| `Base` | -", with: "| `Base` | `Top`")
        #expect(try ImportTable(markdown: circle).cycles == ["Base", "Middle", "Top"])
    }

    @Test(arguments: [
        ("## Who may import whom", "## Other"), ("| `Middle` | `Base` |", "| `Middle` | `Bass` |"),
        ("| `Middle` |", "| `Base` |"), ("| `Top` | `Middle` | `Logging` |", "| `Top` | `Middle` |"),
    ])
    func brokenTablesAreRefused(from: String, to: String) {
        #expect(throws: ImportTable.FormatError.self) {
            try ImportTable(markdown: markdown.replacingOccurrences(of: from, with: to))
        }
    }

    @Test(arguments: [
        ("import A", "A"), ("  public import A", "A"), ("@testable import A", "A"), ("import struct A.B", "A"),
        ("@_spi(X) @_spi(_Y) internal import A", "A"), ("@preconcurrency import A // why", "A"),
        ("// import A", nil), ("let important = A", nil), ("/// to import A, say so", nil),
    ])
    func importLinesAreRecognised(line: String, module: String?) {
        let file = SourceFile(path: "x.swift", text: "\n\(line)\n")
        #expect(file.imports.map(\.module) == [module].compactMap { $0 })
        #expect(file.forbiddenImports(allowed: ["B"]) == [module].compactMap { $0.map { "x.swift:2: imports \($0)" } })
        #expect(file.forbiddenImports(allowed: ["A"]) == [])
    }

    @Test func forbiddenTextIsFound() {
        let word = "TO" + "DO"
        let file = SourceFile(path: "x.swift", text: "@_exported import A\n// \(word): later\nlet \(word)s = 1\n")
        #expect(file.violations == ["x.swift:1: @_exported", "x.swift:2: unfinished work"])
        // One file of a product may hand on what its users name.
        #expect(SourceFile(path: "Sources/A/Exports.swift", text: "@_exported import A\n").violations == [])
        let wide = String(repeating: "ä", count: SourceFile.columnCountMax)
        #expect(SourceFile(path: "x.swift", text: wide).violations == [])
        #expect(SourceFile(path: "x.swift", text: wide + "ä").violations == ["x.swift:1: 121 columns, more than 120"])
        let lines = String(repeating: "\n", count: SourceFile.lineCountMax)
        #expect(SourceFile(path: "x.swift", text: lines).violations == [])
        #expect(SourceFile(path: "x.swift", text: lines + "\n").violations == ["x.swift: 401 lines, more than 400"])
    }

    @Test func manifestsAreRead() throws {
        let json = """
            {"targets": [
                {"name": "A", "type": "regular", "dependencies": [{"byName": ["B", null]}, {"product": ["C", "c", null, null]}]},
                {"name": "B", "type": "executable", "path": "Examples/B", "dependencies": [{"target": ["A", {"x": 1}]}]},
                {"name": "T", "type": "test", "dependencies": []}
            ]}
            """
        #expect(
            try PackageManifest(json: Data(json.utf8)).targets == [
                .init(name: "A", path: "Sources/A", dependencies: ["B", "C"]),
                .init(name: "B", path: "Examples/B", dependencies: ["A"]),
            ])
    }
}
