import Foundation
import OrreryStore

/// The golden cases: their texts, and the world that they ask.
struct Corpus: Sendable {
    let texts: [String]
    let worldText: String

    init(folder: URL) throws {
        worldText = try String(contentsOf: folder.appending(path: "world.json"), encoding: .utf8)
        texts = try String(contentsOf: folder.appending(path: "queries.jsonl"), encoding: .utf8)
            .split(separator: "\n").compactMap { try JSON($0)["text"]?.string }
    }
}
