import ArgumentParser
import Foundation
import OrreryClient
import OrreryWebSocket

/// Options for authentication at a server, and for which servers to trust.
struct Access: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Shown to the server. Other users of this machine may see it: better in a file, or in the environment "
                + "as ORRERY_TOKEN.",
            valueName: "token"))
    var token: String?

    @Option(help: ArgumentHelp("A file whose first line is shown to the server.", valueName: "file"))
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            "For wss: a PEM file with the authorities to trust, instead of the system's.", valueName: "file"))
    var ca: String?

    @Option(help: ArgumentHelp("How this client introduces itself, at most 128 bytes.", valueName: "name"))
    var name: String?

    func validate() throws {
        if let name, !(1...128).contains(name.utf8.count) {
            throw ValidationError("--name must have 1 to 128 bytes; it has \(name.utf8.count)")
        }
        guard token == nil || tokenFile == nil else {
            throw ValidationError("--token and --token-file name two tokens; choose one")
        }
    }

    /// A client for one connection, without reconnecting.
    /// - Throws: ``ToolError`` if the token file cannot be read.
    func client(url: String, connectTimeout: Duration, name: String) throws -> SimulationClient {
        SimulationClient(
            url: url, transport: WebSocketClientTransport(connectTimeout: connectTimeout, trustedCertificateFile: ca),
            name: self.name ?? name, token: try shownToken(), reconnect: .never)
    }

    private func shownToken() throws -> String? {
        if let token { return token }
        if let tokenFile {
            guard let text = try? String(contentsOfFile: tokenFile, encoding: .utf8),
                let line = text.split(whereSeparator: \.isNewline).first
            else { throw ToolError(.usage, "no token can be read from '\(tokenFile)'") }
            return String(line)
        }
        guard let token = ProcessInfo.processInfo.environment["ORRERY_TOKEN"], !token.isEmpty else { return nil }
        return token
    }
}
