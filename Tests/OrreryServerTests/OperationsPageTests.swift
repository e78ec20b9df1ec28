import Foundation
import Testing

/// docs/OPERATIONS.md lists checks that Tests/Wire/wire_checks.py has. (Scripts/wire-checks holds the list against a
/// server.)
@Suite struct OperationsPageTests {
    private func read(_ path: String) throws -> String {
        try String(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: path), encoding: .utf8)
    }

    @Test func everyListedCheckIsOne() throws {
        let checks = Set(try read("Tests/Wire/wire_checks.py").matches(of: /(?m)^def (\w+)\(\):/).map { String($0.1) })
        let section = try #require(
            try read("docs/OPERATIONS.md").split(separator: "## What libwebsockets decides").last)
        let listed = section.matches(of: /(?m)^\| `(\w+)` \| .+ \| .+ \|$/).map { String($0.1) }
        #expect(listed.count > 10)
        #expect(Set(listed).count == listed.count)
        for name in listed { #expect(checks.contains(name), "\(name)") }
    }
}
