import Dispatch
import Foundation

/// A program that serves one world: the entry point of a server of your own.
///
/// ```swift
/// @main
/// struct Drift: ServerProgram {
///     static func makeServer() throws -> SimulationServer {
///         try SimulationServer(world: World(), schedule: Schedule(), transport: .webSocket(port: 7600)) { sync in … }
///     }
/// }
/// ```
///
/// The program prints the server's URL as soon as it listens, serves until SIGTERM or SIGINT, and then ends with exit
/// code 0. SIGHUP makes it call ``SimulationServer/reload()``. If the server cannot be made or run, it writes one
/// sentence to standard error and ends with exit code 1. It does not end when a reader of its output goes away.
public protocol ServerProgram {
    /// Makes the server, which listens from then on.
    static func makeServer() async throws -> SimulationServer
}

extension ServerProgram {
    /// Makes the server and serves.
    public static func main() async {
        signal(SIGPIPE, SIG_IGN)
        do {
            let server = try await makeServer()
            let signals = Self.signals(for: server)
            // Unbuffered: a pipe would keep the line in a buffer for long.
            try? FileHandle.standardOutput.write(contentsOf: Data("\(server.url)\n".utf8))
            try await server.run()
            withExtendedLifetime(signals) {}
        } catch {
            let name = CommandLine.arguments.first.map { URL(filePath: $0).lastPathComponent } ?? "server"
            try? FileHandle.standardError.write(contentsOf: Data("\(name): \(error)\n".utf8))
            exit(1)
        }
    }

    /// Handles signals. A second ending signal of the same kind has its default effect.
    private static func signals(for server: SimulationServer) -> [any DispatchSourceSignal] {
        func handle(_ number: Int32, _ body: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler(handler: body)
            source.activate()
            return source
        }
        let ending = [SIGTERM, SIGINT].map { number in
            handle(number) {
                signal(number, SIG_DFL)
                server.stop()
            }
        }
        return ending + [handle(SIGHUP) { server.reload() }]
    }
}
