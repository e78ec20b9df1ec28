import ArgumentParser

/// What a person writes for a server.
enum ServerAddress {
    static let defaultPort = 7600

    /// The URL that is meant: `example.org:7600` and `example.org` are taken as `ws://example.org:7600`.
    static func url(from text: String) throws -> String {
        guard !text.isEmpty, !text.hasPrefix("-") else {
            throw ValidationError("the URL is empty; write ws://host:port, as in ws://127.0.0.1:\(defaultPort)")
        }
        guard !text.contains("://") else { return text }
        let end = text.firstIndex { "/?".contains($0) } ?? text.endIndex
        let authority = text[..<end]
        let hasPort = authority.hasPrefix("[") ? !authority.hasSuffix("]") : authority.contains(":")
        return "ws://\(authority)\(hasPort ? "" : ":\(defaultPort)")\(text[end...])"
    }
}
