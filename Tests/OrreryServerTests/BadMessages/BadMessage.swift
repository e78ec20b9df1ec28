import Foundation
import Testing

/// What a peer says that it must not say, as a file of `Tests/BadMessages`: some messages in order, and what becomes of
/// the last.
///
/// The second line of a file says what is expected: `closes: CODE KIND LAYER "REASON"` (without a kind, by which
/// servers count, for messages of a server), or `answers: BYTES`, with which the answer begins and after which the
/// connection goes on. Then each message: `@ name`, or `@ text name`, and its bytes; `00 * 9` stands for nine of them,
/// a word for bytes that the test knows.
struct BadMessage: Sendable, CustomTestStringConvertible {
    enum Side: String {
        case clientToServer = "client-to-server"
        case serverToClient = "server-to-client"
    }

    /// Where it is found out.
    enum Layer: String {
        /// Reading the message.
        case codec
        /// Reading the sections of a batch.
        case sections
        /// Applying a batch.
        case apply
        /// By what was said before, or by the world.
        case session
        case transport
    }

    enum Expectation: Equatable {
        case closes(code: UInt16, kind: String?, layer: Layer, reason: String)
        case answers([UInt8])
    }

    struct Message {
        var isText: Bool
        var bytes: [UInt8]
    }

    struct FormatError: Error, CustomStringConvertible {
        let description: String
    }

    let name: String
    let expectation: Expectation
    private let items: [(isText: Bool, words: [Substring])]

    var testDescription: String { name }

    /// All files of a side, by name.
    static func all(_ side: Side) throws -> [BadMessage] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "BadMessages/\(side.rawValue)")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path()).filter { $0.hasSuffix(".hex") }
        return try names.sorted().map { name in
            try BadMessage(
                name: String(name.dropLast(4)),
                text: String(contentsOf: folder.appending(path: name), encoding: .utf8))
        }
    }

    init(name: String, text: String) throws {
        self.name = name
        let lines = text.split(separator: "\n")
        guard lines.count > 2, let expectation = Self.expectation(lines[1].dropFirst(2)) else {
            throw FormatError(description: "\(name): the second line does not say what is expected")
        }
        self.expectation = expectation
        var items: [(isText: Bool, words: [Substring])] = []
        for line in lines.dropFirst(2) {
            if line.hasPrefix("@ ") {
                items.append((line.hasPrefix("@ text "), []))
            } else if items.isEmpty {
                throw FormatError(description: "\(name): bytes before the first message")
            } else {
                items[items.count - 1].words += line.prefix { $0 != "#" }.split(separator: " ")
            }
        }
        self.items = items
    }

    private static func expectation(_ line: Substring) -> Expectation? {
        if line.hasPrefix("answers: ") {
            return .answers(line.dropFirst(9).split(separator: " ").compactMap { UInt8($0, radix: 16) })
        }
        let quoted = line.split(separator: "\"", maxSplits: 2)
        guard line.hasPrefix("closes: "), quoted.count == 2 else { return nil }
        let words = quoted[0].dropFirst(8).split(separator: " ")
        guard (2...3).contains(words.count), let code = UInt16(words[0]),
            let layer = Layer(rawValue: String(words.last!))
        else { return nil }
        return .closes(
            code: code, kind: words.count == 3 ? String(words[1]) : nil, layer: layer, reason: String(quoted[1]))
    }

    /// The messages, with the bytes that the words stand for.
    func messages(_ named: [String: [UInt8]]) throws -> [Message] {
        try items.map { item in
            var bytes: [UInt8] = []
            var position = 0
            while position < item.words.count {
                let word = item.words[position]
                position += 1
                if let byte = UInt8(word, radix: 16), word.count == 2 {
                    bytes.append(byte)
                } else if word == "*", position < item.words.count, let last = bytes.last,
                    let count = Int(item.words[position])
                {
                    bytes += [UInt8](repeating: last, count: count - 1)
                    position += 1
                } else if let known = named[String(word)] {
                    bytes += known
                } else {
                    throw FormatError(description: "\(name): '\(word)' is no byte")
                }
            }
            return Message(isText: item.isText, bytes: bytes)
        }
    }
}
