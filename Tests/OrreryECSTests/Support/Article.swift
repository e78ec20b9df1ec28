import Foundation
import Testing

/// Each block of Swift in an article of `docs` stands in a test's file, eight columns further right.
/// - Parameters:
///   - file: of a test in `Tests/OrreryECSTests/FOLDER`.
///   - blockCount: so that none is lost unseen.
func expectArticle(
    _ name: String, toShow file: String, blockCount: Int, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let source = try String(contentsOf: URL(filePath: file), encoding: .utf8)
    let package = URL(filePath: file).pathComponents.dropLast(4).joined(separator: "/").dropFirst()
    let article = try String(contentsOf: URL(filePath: "\(package)/docs/\(name)"), encoding: .utf8)
    let blocks = article.components(separatedBy: "```swift\n").dropFirst().map {
        $0.components(separatedBy: "```")[0]
    }
    #expect(blocks.count == blockCount, sourceLocation: sourceLocation)
    for block in blocks {
        let lines = block.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .map { $0.isEmpty ? "\n" : "        \($0)\n" }
        let isShown = source.contains(lines.joined())
        #expect(isShown, "\(block)", sourceLocation: sourceLocation)
    }
}
