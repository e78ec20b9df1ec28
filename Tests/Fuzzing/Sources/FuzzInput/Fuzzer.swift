import CLibFuzzer
import Foundation

/// Which side a fuzzer speaks to.
public enum FuzzedSide {
    /// The server hears what clients say.
    case server
    /// The client hears what servers say.
    case client
}

/// A program that libFuzzer runs.
public enum Fuzzer {
    /// What libFuzzer calls with each of its inputs.
    public typealias Target = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

    /// Runs libFuzzer with the program's arguments; or, called with `write-seeds TESTS OUT`, writes what the tests know
    /// (`TESTS` is their folder) into the folder `OUT`, as scripts to begin with: every golden message, every bad one,
    /// with what comes before it, and to the server every golden query.
    public static func run(_ side: FuzzedSide, _ target: @escaping Target) throws {
        let arguments = CommandLine.arguments
        if arguments.count == 4, arguments[1] == "write-seeds" {
            try writeSeeds(for: side, tests: URL(filePath: arguments[2]), to: URL(filePath: arguments[3]))
            return
        }
        var count = CommandLine.argc
        var pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(LLVMFuzzerRunDriver(&count, &pointers, target))
    }

    private static func writeSeeds(for side: FuzzedSide, tests: URL, to out: URL) throws {
        let isServer = side == .server
        let golden = tests.appending(path: "OrreryWireTests/Golden")
        let example = try messages(golden.appending(path: "WorkedExample.hex"), [:])
        let welcome = example.first { $0.name == "< Welcome" }?.bytes ?? []
        // Of the worlds of the fuzzers: the first life of a joined world.
        let named: [String: [UInt8]] = ["WELCOME": welcome, "EPOCH": [1, 0, 0, 0, 0, 0, 0, 0]]
        var seeds: [String: [[UInt8]]] = [
            "worked-example": example.filter { $0.name.hasPrefix(isServer ? ">" : "<") }.map(\.bytes)
        ]
        for file in isServer ? ["ClientMessages"] : ["ServerMessages", "Batches"] {
            for (position, item) in try messages(golden.appending(path: "\(file).hex"), [:]).enumerated() {
                seeds["\(file)-\(position)"] =
                    isServer ? [[1, 1, 1, 0], item.bytes] : [welcome, [0x82, 1, 0, 0x81, 3, 1, 0, 3], item.bytes]
            }
        }
        let bad = tests.appending(path: "BadMessages/\(isServer ? "client-to-server" : "server-to-client")")
        for name in try FileManager.default.contentsOfDirectory(atPath: bad.path()) {
            seeds["bad-\(name)"] = try messages(bad.appending(path: name), named).map(\.bytes)
        }
        if isServer {
            struct Query: Decodable { var text: String }
            let cases = try String(
                contentsOf: tests.appending(path: "OrreryQueryTests/Golden/queries.jsonl"), encoding: .utf8)
            for (position, line) in cases.split(separator: "\n").enumerated() {
                let text = Array(try JSONDecoder().decode(Query.self, from: Data(line.utf8)).text.utf8)
                let count = text.count
                let length = count < 128 ? [UInt8(count)] : [UInt8(count & 0x7f | 0x80), UInt8(count >> 7)]
                seeds["query-\(position)"] = [[1, 1, 1, 0], [2, 1, 0x82] + length + text]
            }
        }
        for (name, messages) in seeds where messages.allSatisfy({ $0.count < FuzzInput.otherStepMin }) {
            let bytes = FuzzInput.bytes(flags: 0, messages: messages) + (isServer ? [0xf0, 0xff] : [])
            try Data(bytes).write(to: out.appending(path: name))
        }
    }

    private static func messages(
        _ file: URL, _ named: [String: [UInt8]]
    ) throws -> [(name: String, bytes: [UInt8])] {
        var items: [(name: String, bytes: [UInt8])] = []
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("@ ") {
                items.append((String(line.dropFirst(2)), []))
                continue
            }
            var words = line.prefix { $0 != "#" }.split(separator: " ")[...]
            while let word = words.popFirst() {
                let last = items.count - 1
                if word == "*", let byte = items[last].bytes.last, let count = words.popFirst().flatMap({ Int($0) }) {
                    items[last].bytes += [UInt8](repeating: byte, count: count - 1)
                } else {
                    items[last].bytes += UInt8(word, radix: 16).map { [$0] } ?? named[String(word)] ?? []
                }
            }
        }
        return items
    }
}
