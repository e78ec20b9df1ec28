import ArgumentParser
import OrrerySchema

/// A server's address as a person writes it.
enum ServerAddress {
    static let defaultPort = 7600
    /// The world on this machine, used if no address is given.
    static let local = "ws://127.0.0.1:\(defaultPort)"

    /// Options that take a value.
    private static let valued: Set = [
        "--timeout", "--token", "--token-file", "--ca", "--name", "--entity", "--at-least",
    ]

    /// Adds the URL if it was left out: of the arguments of a query, which then has its text alone; or of a command for
    /// single entities, which then has an entity, `resource` or an assignment in its place.
    static func completed(_ arguments: [String]) -> [String] {
        // The inspector's URL has a default.
        let commands = Orrery.configuration.subcommands.filter { $0 != Inspect.self }
            .compactMap { $0.configuration.commandName }
        guard let command = arguments.first, commands.contains(command) else { return arguments }
        var (position, positions) = (1, [Int]())
        while position < arguments.count {
            if ["-h", "--help", "--version"].contains(arguments[position]) { return arguments }
            if !arguments[position].hasPrefix("-") { positions.append(position) }
            position += valued.contains(arguments[position]) ? 2 : 1
        }
        let first = positions.first ?? position
        let isLeftOut =
            command == QueryCommand.configuration.commandName
            ? positions.count < 2
            : positions.isEmpty || Entity(arguments[first]) != nil || arguments[first].contains("=")
                || arguments[first] == Editing.resource
        guard isLeftOut, first <= arguments.count else { return arguments }
        return arguments[..<first] + [local] + arguments[first...]
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
