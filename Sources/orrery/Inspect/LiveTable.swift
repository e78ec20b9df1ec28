import Dispatch
import Glibc
import OrreryClient
import OrreryInspector
import OrrerySchema

/// The full-screen table, redrawn once a second until it is ended.
struct LiveTable {
    static let interval: DispatchTimeInterval = .seconds(1)

    var request: Request

    func run() async throws {
        let (connection, shown) = try await request.connect()
        defer { connection.close() }
        let query = try await request.query(connection)
        let display = LiveDisplay(
            connection, query,
            Screen(shown, isColoured: Terminal.isColoured))
        try await display.run()
        if let entity = request.entity, !connection.withSnapshot({ $0.contains(entity) }) {
            throw ToolError(.unknownEntity, "entity \(entity) was despawned")
        }
        if let warning = display.undecodable.warning { throw ToolError(.protocolTrouble, warning) }
    }
}

/// Draws the table and handles its end, all on one queue.
///
/// `@unchecked Sendable`: all mutable state is accessed on `queue` only.
private final class LiveDisplay: @unchecked Sendable {
    private let connection: ClientConnection
    private let query: LiveQuery
    private let terminal = Terminal()
    private let queue = DispatchQueue(label: "orrery.display")
    private var screen: Screen
    private var sources: [any DispatchSourceProtocol] = []
    private var end: CheckedContinuation<Void, any Error>?

    init(_ connection: ClientConnection, _ query: LiveQuery, _ screen: Screen) {
        self.connection = connection
        self.query = query
        self.screen = screen
    }

    var undecodable: UndecodableValues { queue.sync { screen.undecodable } }

    /// Draws until a key, a signal or the end of the connection. The terminal is restored when this method returns or
    /// throws.
    func run() async throws {
        let ending = Interruption(Interruption.ending, on: queue) { self.finish() }
        let resizing = Interruption([SIGWINCH], on: queue) { self.draw() }
        let suspending = Interruption([SIGTSTP], on: queue) { self.suspend() }
        defer {
            queue.sync { for source in sources { source.cancel() } }
            withExtendedLifetime((ending, resizing, suspending)) {}
        }
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                self.end = continuation
                self.draw()
                self.sources = self.makeSources()
                for source in self.sources { source.activate() }
            }
        }
    }

    private func makeSources() -> [any DispatchSourceProtocol] {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + LiveTable.interval, repeating: LiveTable.interval, leeway: .milliseconds(50))
        timer.setEventHandler { self.draw() }
        guard let keyboard = terminal.keyboard else { return [timer] }
        let keys = DispatchSource.makeReadSource(fileDescriptor: keyboard, queue: queue)
        keys.setEventHandler { self.readKeys(from: keyboard) }
        return [timer, keys]
    }

    private func readKeys(from keyboard: Int32) {
        var keys = [UInt8](repeating: 0, count: 64)
        let count = read(keyboard, &keys, keys.count)
        // The end of input means that the terminal is gone.
        if count == 0 || keys.prefix(max(0, count)).contains(where: { $0 == UInt8(ascii: "q") || $0 == 4 }) { finish() }
    }

    private func draw() {
        guard end != nil else { return }
        if let error = query.end { return finish(error) }
        let frame = connection.withSnapshot { snapshot in
            let status = ScreenStatus(
                url: connection.url, tick: snapshot.tick, lag: snapshot.lag, total: query.total)
            return screen.frame(of: query.members, in: snapshot.store, status, Terminal.size)
        }
        do throws(ToolError) {
            try terminal.enter()
            try Output.write(frame)
        } catch {
            finish(error)
        }
    }

    private func finish(_ error: (any Error)? = nil) {
        guard let end else { return }
        self.end = nil
        terminal.leave()
        if let error { end.resume(throwing: error) } else { end.resume() }
    }

    /// Ctrl-Z: restores the terminal before the process stops, and takes it again when the process continues.
    private func suspend() {
        guard end != nil else { return }
        terminal.leave()
        signal(SIGTSTP, SIG_DFL)
        kill(getpid(), SIGTSTP)
        signal(SIGTSTP, SIG_IGN)
        draw()
    }
}
