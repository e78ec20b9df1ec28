import Foundation

/// The examples of a page, and those that a test runs: between lines that say `begin` and `end`.
struct ExamplePage {
    let root: URL
    let text: String
    let examples: [String]
    private let run: Set<String>

    /// - Parameter tests: The files of the tests.
    init(_ path: String, tests: String...) throws {
        var root = URL(filePath: tests[0])
        while !FileManager.default.fileExists(atPath: root.appending(path: "Package.swift").path) {
            root.deleteLastPathComponent()
        }
        self.root = root
        text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
        examples = text.components(separatedBy: "```swift\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
        run = Set(
            try tests.flatMap { file in
                try String(contentsOf: URL(filePath: file), encoding: .utf8).components(separatedBy: "// begin\n")
                    .dropFirst().map { Self.plain($0.components(separatedBy: "// end")[0]) }
            })
    }

    /// The examples that no test runs.
    var unknown: [String] { examples.filter { !run.contains(Self.plain($0)) } }

    /// The same whatever the indentation.
    private static func plain(_ text: String) -> String {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            .joined(separator: "\n")
    }
}
