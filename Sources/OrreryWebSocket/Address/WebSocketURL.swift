internal import OrreryTransport

/// A parsed `ws://` or `wss://` URL. Source: RFC 6455, section 3.
struct WebSocketURL: Sendable {
    let text: String
    /// The host without brackets.
    let host: String
    let port: Int
    /// Whether the scheme is `wss`.
    let isEncrypted: Bool
    /// Path and query; at least "/".
    let path: String

    /// - Throws: ``TransportError`` with `.invalidAddress` and the reason.
    init(_ text: String) throws(TransportError) {
        func refuse(_ reason: String) -> TransportError {
            TransportError(.invalidAddress, "\"\(text)\" cannot be used: \(reason).")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw refuse("a URL has printable ASCII characters only")
        }
        guard let colon = text.firstRange(of: "://") else {
            throw refuse("a URL begins with ws://, as in ws://127.0.0.1:7600")
        }
        switch text[..<colon.lowerBound].lowercased() {
        case "ws": isEncrypted = false
        case "wss": isEncrypted = true
        case let scheme: throw refuse("the scheme is \"\(scheme)\" and not \"ws\" or \"wss\"")
        }
        let rest = text[colon.upperBound...]
        let authorityEnd = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let authority = rest[..<authorityEnd]
        guard !rest.contains("#") else { throw refuse("a WebSocket URL has no fragment (#)") }
        guard !authority.contains("@") else { throw refuse("a user name or password in the URL is not supported") }

        let portText: Substring?
        if authority.first == "[" {
            guard let bracket = authority.firstIndex(of: "]") else { throw refuse("the closing ] is missing") }
            host = String(authority[authority.index(after: authority.startIndex)..<bracket])
            let tail = authority[authority.index(after: bracket)...]
            guard tail.isEmpty || tail.first == ":" else { throw refuse("after ] comes a port or a path") }
            portText = tail.isEmpty ? nil : tail.dropFirst()
        } else {
            let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            host = String(parts[0])
            portText = parts.count == 2 ? parts[1] : nil
            guard portText?.contains(":") != true else {
                throw refuse("an IPv6 address stands in brackets, as in ws://[::1]:7600")
            }
        }
        guard !host.isEmpty else { throw refuse("the host is missing") }
        if let portText {
            guard portText.allSatisfy(\.isNumber), let port = Int(portText), (1...65535).contains(port) else {
                throw refuse("the port is a number from 1 to 65535")
            }
            self.port = port
        } else {
            port = isEncrypted ? 443 : 80
        }
        let path = String(rest[authorityEnd...])
        self.path = path.hasPrefix("/") ? path : "/" + path
        self.text = text
    }

    /// The host, in brackets if it is an IPv6 address, and the port.
    var authority: String { "\(Self.bracketed(host)):\(port)" }

    /// The same URL with the other scheme: with TLS instead of without, or without instead of with.
    var withOtherScheme: String {
        (isEncrypted ? "ws" : "wss") + text[(text.firstRange(of: "://")?.lowerBound ?? text.startIndex)...]
    }

    static func bracketed(_ host: String) -> String {
        host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
    }

    static func unbracketed(_ host: String) -> String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }
}
