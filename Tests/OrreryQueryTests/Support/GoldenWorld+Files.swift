import Foundation
import Testing

@testable import FuzzQueries

extension GoldenWorld {
    static func text(of name: String) throws -> String {
        let parts = name.split(separator: ".")
        let url = try #require(
            Bundle.module.url(
                forResource: String(parts[0]), withExtension: String(parts[1]), subdirectory: "Golden"),
            "Golden/\(name)")
        return try String(contentsOf: url, encoding: .utf8)
    }

    init() throws { try self.init(Self.text(of: "world.json")) }
}
