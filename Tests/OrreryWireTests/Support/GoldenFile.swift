import Foundation
import Testing

/// Bytes that stand in a file, with words beside them. Never written by a test.
struct GoldenFile {
    struct Item: Sendable, CustomTestStringConvertible {
        var file: String
        var name: String
        var bytes: [UInt8]

        var testDescription: String { "\(file): \(name)" }
    }

    static let names = ["ClientMessages", "ServerMessages", "Batches", "Answers", "Schemas", "Values", "WorkedExample"]

    let text: String
    let items: [Item]

    init(_ name: String) throws {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "hex", subdirectory: "Golden"), "Golden/\(name).hex")
        text = try String(contentsOf: url, encoding: .utf8)
        items = try Self.items(of: text, file: name)
    }

    /// Reads the form of golden files: `@ name` begins an item, then hexadecimal bytes; `#` ends the bytes of a line.
    static func items(of text: String, file: String) throws -> [Item] {
        var items: [Item] = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("@ ") {
                items.append(Item(file: file, name: String(line.dropFirst(2)), bytes: []))
                continue
            }
            for digits in line.prefix(while: { $0 != "#" }).split(separator: " ") {
                try #require(digits.count == 2 && !items.isEmpty, "\(file): '\(line)'")
                items[items.count - 1].bytes.append(try #require(UInt8(digits, radix: 16), "\(file): '\(line)'"))
            }
        }
        return items
    }

    /// All items of all files, for tests that hold for any bytes.
    static func all() throws -> [Item] { try names.flatMap { try GoldenFile($0).items } }

    subscript(name: String) -> [UInt8] {
        get throws { try #require(items.first { $0.name == name }, "there is no '\(name)'").bytes }
    }
}

extension [UInt8] {
    /// As golden files show bytes.
    var hex: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ") }
}
