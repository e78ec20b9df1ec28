import ArgumentParser
import OrrerySchema

/// A server's address as a person writes it.
enum ServerAddress {
    static let defaultPort = 7600
    /// The world on this machine, used if no address is given.
    static let local = "ws://127.0.0.1:\(defaultPort)"

    /// Options that take a value.
    private static let valued: Set = ["--timeout", "--token", "--token-file", "--ca", "--name"]

    /// Adds the URL if it was left out of the arguments of a command for single entities: an entity, `resource` or an
    /// assignment is in its place.
    static func completed(_ arguments: [String]) -> [String] {
        // All but the inspector are for single entities.
        let commands = Orrery.configuration.subcommands.filter { $0 != Inspect.self }
            .compactMap { $0.configuration.commandName }
        guard let command = arguments.first, commands.contains(command) else { return arguments }
        var position = 1
        while position < arguments.count, arguments[position].hasPrefix("-") {
            if ["-h", "--help", "--version"].contains(arguments[position]) { return arguments }
            position += valued.contains(arguments[position]) ? 2 : 1
        }
        let isURL =
            position < arguments.count && Entity(arguments[position]) == nil && !arguments[position].contains("=")
            && arguments[position] != Editing.resource
        guard !isURL, position <= arguments.count else { return arguments }
        return arguments[..<position] + [local] + arguments[position...]
    }

    /// The URL for an address: `example.org:7600` and `example.org` become `ws://example.org:7600`, and a number is a
    /// port of this machine.
    static func url(from text: String) throws -> String {
        guard !text.isEmpty, !text.hasPrefix("-") else {
            throw ValidationError("the URL is empty; write ws://host:port, as in ws://127.0.0.1:\(defaultPort)")
        }
        guard !text.contains("://") else { return text }
        if let port = UInt16(text) { return "ws://127.0.0.1:\(port)" }
        guard !text.allSatisfy(\.isWholeNumber) else {
            throw ValidationError("\(text) is no port; write one of 1 to 65535, or ws://host:port")
        }
        let end = text.firstIndex { "/?".contains($0) } ?? text.endIndex
        let authority = text[..<end]
        let hasPort = authority.hasPrefix("[") ? !authority.hasSuffix("]") : authority.contains(":")
        return "ws://\(authority)\(hasPort ? "" : ":\(defaultPort)")\(text[end...])"
    }
}
