import BenchmarkReport
import Foundation

/// A program of this package, with a conversation in lines.
final class ChildProcess {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Where the programs of this package are.
    static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()

    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var received: [UInt8] = []
    private let name: String

    /// - Parameter name: of a program in the folder of this one.
    init(_ name: String, _ arguments: [String]) throws {
        self.name = name
        process.executableURL = Self.folder.appendingPathComponent(name)
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit { stop() }

    /// The next line of its output; waits for it.
    func readLine() throws -> String {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                defer { received.removeFirst(end + 1) }
                return String(decoding: received[..<end], as: UTF8.self)
            }
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Failure(description: "\(name) ended without an answer") }
            received.append(contentsOf: data)
        }
    }

    /// Waits for a line, which must be this one.
    func expect(_ line: String) throws {
        guard try readLine() == line else { throw Failure(description: "\(name) does not say '\(line)'") }
    }

    /// Sends a command.
    func tell(_ command: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\(command)\n".utf8))
    }

    /// The next line, as JSON.
    func readReport<Report: Decodable>(_ type: Report.Type) throws -> Report {
        try JSONDecoder().decode(type, from: Data(try readLine().utf8))
    }

    /// Asks for a report.
    func report<Report: Decodable>(_ type: Report.Type) throws -> Report {
        try tell("report")
        return try readReport(type)
    }

    /// Ends the program, which the end of its input does, and waits for that.
    func stop() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
