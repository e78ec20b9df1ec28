import ArgumentParser
import Foundation
import Glibc
import Logging
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryWebSocket
import ServiceLifecycle
import UnixSignals

/// `solar-system serve`: serves the live simulation until it is told to stop.
struct ServeCommand: AsyncParsableCommand {
    static let asteroidCountMax = 1_000_000

    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the solar system and show it to any number of clients.",
        discussion: """
            Prints the address that it serves, then runs until SIGINT or SIGTERM. Look at it with: orrery inspect \
            ADDRESS
            Where ORRERY_TOKEN is set in the environment, only those who show it may connect. SIGHUP has the \
            certificate, the key and the file of the token read again; nobody is disconnected.
            Behind a proxy on the same machine, name the site: --host-name sim.example --origin https://sim.example
            """)

    @Option(help: "The address to listen at.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen at; 0 takes a free one.")
    var port = 7600

    @Option(help: ArgumentHelp("The server's certificate chain as PEM, for wss; with --key.", valueName: "file"))
    var certificate: String?

    @Option(help: ArgumentHelp("The private key of the certificate as PEM.", valueName: "file"))
    var key: String?

    @Option(
        help: ArgumentHelp("A file with the token that clients must show, instead of ORRERY_TOKEN.", valueName: "file"))
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            "A name besides localhost under which a proxy on this machine reaches the server; several may be given.",
            valueName: "name"))
    var hostName: [String] = []

    @Option(
        help: ArgumentHelp(
            "A web page that may connect, such as https://sim.example, instead of pages of this machine; several "
                + "may be given.",
            valueName: "origin"))
    var origin: [String] = []

    @Option(help: ArgumentHelp("Ticks per second, from 0.1 to 1000.", valueName: "hz"))
    var tickRate = 60.0

    @Option(help: ArgumentHelp("Simulated seconds per second; 86400 is a day each second.", valueName: "seconds"))
    var timeScale = 86400.0

    @Option(help: ArgumentHelp("Massless bodies in the main belt, at most \(asteroidCountMax).", valueName: "n"))
    var asteroids = 2000

    @Option(help: "The seed of the asteroids: equal seeds give equal asteroids.")
    var seed: UInt64 = 1

    @Flag(help: "Let clients change the velocities of asteroids: orrery set ENTITY Velocity.x=5.")
    var steerable = false

    @Option(help: "What is logged to standard error: trace, debug, info, notice, warning, error or critical.")
    var logLevel = LogLevel.notice

    func validate() throws {
        guard (0...65_535).contains(port) else {
            throw ValidationError("--port must lie between 0 and 65535, not at \(port).")
        }
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("--certificate and --key belong together.")
        }
        guard tokenFile != nil || Self.token != "" else {
            throw ValidationError("ORRERY_TOKEN is set and empty; unset it to let everybody in, or give it a token.")
        }
        guard (0.1...1000).contains(tickRate) else {
            throw ValidationError("--tick-rate must lie between 0.1 and 1000 Hz, not at \(tickRate).")
        }
        guard timeScale >= 0, timeScale <= 1e8 else {
            throw ValidationError("--time-scale must lie between 0 and 100000000, not at \(timeScale).")
        }
        guard (0...Self.asteroidCountMax).contains(asteroids) else {
            throw ValidationError("--asteroids must lie between 0 and \(Self.asteroidCountMax), not at \(asteroids).")
        }
    }

    func run() async throws {
        // SIGHUP is ignored until the server handles it: closing the terminal does not end the server.
        signal(SIGHUP, SIG_IGN)
        StandardOutput.reserveDescriptors()
        let lines = LogQueue()
        LoggingSystem.bootstrap { NonBlockingLogHandler.standardError(label: $0, queue: lines) }
        var logger = Logger(label: "solar-system")
        logger.logLevel = logLevel.level
        do {
            try await serve(logger)
        } catch let error as ServerError {
            // An invalid name or origin.
            throw ValidationError(error.description)
        }
        // If nobody reads the log, the exit does not wait for it either.
        lines.flush(atMost: .seconds(1))
    }

    private func serve(_ logger: Logger) async throws {
        let server = try SimulationServer(
            world: SolarSystemWorld.make(try InitialState(asteroidCount: asteroids, seed: seed)),
            schedule: SolarSystemWorld.makeSchedule(), configuration: serverConfiguration,
            transport: .webSocket(host: host, port: port, tls: tls), logger: logger
        ) { sync in
            try sync.register(Body.self)
            try sync.register(Position.self)
            try sync.register(Velocity.self, writable: steerable ? Self.asteroidsOnly : .byServerOnly)
            try sync.register(Orbit.self)
            try sync.register(resource: Moment.self)
        }
        // On its own thread, so that a blocked reader of standard output delays nothing else.
        Thread.detachNewThread { [url = server.url, logger] in Self.announce(url, logger) }
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: server, successTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: Renewal(server: server), successTerminationBehavior: .ignore),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }

    /// Bodies with mass attract all others, so clients may not steer them.
    private static let asteroidsOnly = WriteRule<Velocity>.byClients(judge: { write in
        guard let entity = write.entity, !write.world.has(Body.self, on: entity) else {
            return .refuse("bodies with mass keep their course; asteroids can be steered")
        }
        guard let new = write.new else { return .refuse("what moves has a velocity") }
        return new.isFinite ? .allow : .refuse("a velocity is a number")
    })

    private var tls: TLSConfiguration? {
        certificate.flatMap { certificate in key.map { TLSConfiguration(certificateFile: certificate, keyFile: $0) } }
    }

    private static var token: String? { ProcessInfo.processInfo.environment["ORRERY_TOKEN"] }

    private var serverConfiguration: SimulationConfiguration {
        var configuration = SimulationConfiguration(
            tickRate: .hertz(tickRate), step: .seconds(timeScale / tickRate))
        if let tokenFile {
            configuration.authorize = .bearer(file: tokenFile, rights: .all)
        } else if let token = Self.token {
            configuration.authorize = .bearer(token, rights: .all)
        }
        configuration.hostNames = hostName
        if !origin.isEmpty { configuration.origins = .list(origin) }
        return configuration
    }

    /// Prints the address. If that fails, the server still runs.
    private static func announce(_ url: String, _ logger: Logger) {
        do throws(StandardOutput.WriteError) {
            try StandardOutput.write("\(url)\n")
        } catch {
            logger.warning("the address cannot be printed", metadata: ["url": "\(url)", "error": "\(error)"])
        }
    }
}

/// The log levels of swift-log as command-line words.
enum LogLevel: String, CaseIterable, ExpressibleByArgument {
    case trace, debug, info, notice, warning, error, critical

    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .notice }
}
