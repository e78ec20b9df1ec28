import ArgumentParser
import OrrerySchema

/// What a person writes for a server.
enum ServerAddress {
    static let defaultPort = 7600
    /// The world of this machine, for those who name none.
    static let local = "ws://127.0.0.1:\(defaultPort)"

    /// Options that are followed by a value.
    private static let valued: Set = ["--timeout", "--token", "--token-file", "--ca", "--name"]

    /// The arguments of a command for single entities, with the URL that may be left out: an entity, or an assignment,
    /// stands where the URL would.
    static func completed(_ arguments: [String]) -> [String] {
        let commands = ["get", "set", "spawn", "despawn", "insert", "remove"]
        guard let command = arguments.first, commands.contains(command) else { return arguments }
        var position = 1
        while position < arguments.count, arguments[position].hasPrefix("-") {
            if ["-h", "--help", "--version"].contains(arguments[position]) { return arguments }
            position += valued.contains(arguments[position]) ? 2 : 1
        }
        let isURL =
            position < arguments.count && Entity(arguments[position]) == nil && !arguments[position].contains("=")
        guard !isURL, position <= arguments.count else { return arguments }
        return arguments[..<position] + [local] + arguments[position...]
    }

    /// The URL that is meant: `example.org:7600` and `example.org` are taken as `ws://example.org:7600`, and a number
    /// as a port of this machine.
    static func url(from text: String) throws -> String {
        guard !text.isEmpty, !text.hasPrefix("-") else {
            throw ValidationError("the URL is empty; write ws://host:port, as in ws://127.0.0.1:\(defaultPort)")
        }
        guard !text.contains("://") else { return text }
        if let port = UInt16(text) { return "ws://127.0.0.1:\(port)" }
        let end = text.firstIndex { "/?".contains($0) } ?? text.endIndex
        let authority = text[..<end]
        let hasPort = authority.hasPrefix("[") ? !authority.hasSuffix("]") : authority.contains(":")
        return "ws://\(authority)\(hasPort ? "" : ":\(defaultPort)")\(text[end...])"
    }
}
