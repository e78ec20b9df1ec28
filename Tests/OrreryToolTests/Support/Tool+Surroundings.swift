import Foundation

extension Tool {
    /// Its output, error included, is a terminal of that size; all of it is `output`.
    static func onTerminal(_ arguments: String..., columns: Int = 200, rows: Int = 50) throws -> Tool {
        let command = quoted([executable.path()] + arguments)
        return try Tool(
            ["-qec", "stty rows \(rows) cols \(columns); exec \(command)", "/dev/null"], environment: ["TERM": "xterm"],
            executable: URL(filePath: "/usr/bin/script"))
    }

    /// Its output goes to a disk that has no room.
    static func intoFullDisk(_ arguments: String...) throws -> Tool {
        try Tool(
            ["-c", "exec \(quoted([executable.path()] + arguments)) >/dev/full"],
            executable: URL(filePath: "/bin/sh"))
    }

    /// Another program of this package.
    static func program(_ name: String) -> URL {
        executable.deletingLastPathComponent().appending(path: name)
    }

    /// As a shell reads it.
    private static func quoted(_ words: [String]) -> String {
        words.map { "'\($0.replacing("'", with: "'\\''"))'" }.joined(separator: " ")
    }
}
