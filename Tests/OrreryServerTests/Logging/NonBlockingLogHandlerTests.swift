import Dispatch
import Logging
import OrreryServer
import Synchronization
import Testing

@Suite("Who logs never waits for the log", .timeLimit(.minutes(1)))
struct NonBlockingLogHandlerTests {
    /// Writes down what it is given, as soon as the gate is open.
    private final class Book: Sendable {
        let gate = DispatchSemaphore(value: 0)
        let isHeld = DispatchSemaphore(value: 0)
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private struct Handler: LogHandler {
        let book: Book
        var holds: Bool
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info
        var metadataProvider: Logger.MetadataProvider?

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            if holds {
                book.isHeld.signal()
                book.gate.wait()
            }
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            let words = all.sorted { $0.key < $1.key }.map { " \($0)=\($1)" }.joined()
            book.add("\(event.level) \(event.message)\(words)")
        }
    }

    private func logger(_ book: Book, _ queue: LogQueue, holds: Bool = false) -> Logger {
        Logger(label: "test") { _ in NonBlockingLogHandler(Handler(book: book, holds: holds), queue: queue) }
    }

    @Test func linesComeInOrderAsTheyAre() {
        let (book, queue) = (Book(), LogQueue())
        var logger = logger(book, queue)
        logger[metadataKey: "world"] = "w"
        for number in 0..<100 { logger.notice("line", metadata: ["number": "\(number)"]) }
        logger.debug("below the level")
        logger.logLevel = .debug
        logger.debug("not below any more")
        queue.flush(atMost: .seconds(30))
        #expect(book.all == (0..<100).map { "notice line number=\($0) world=w" } + ["debug not below any more world=w"])
        #expect(queue.droppedLineCount == 0)
    }

    @Test func whatFindsNoRoomIsDroppedCountedAndTold() {
        let (book, queue) = (Book(), LogQueue(lineCountMax: 10))
        let logger = logger(book, queue, holds: true)
        logger.info("first")
        book.isHeld.wait()
        // The writer stands still; nobody else does.
        for number in 0..<5000 { logger.info("\(number)") }
        #expect(queue.droppedLineCount == 4990)
        queue.flush(atMost: .milliseconds(10))
        for _ in 0..<12 { book.gate.signal() }
        queue.flush(atMost: .seconds(30))
        logger.info("last")
        queue.flush(atMost: .seconds(30))
        let first = ["info first", "info 0 dropped-lines=4990"]
        #expect(book.all == first + (1..<10).map { "info \($0)" } + ["info last"])
        #expect(queue.droppedLineCount == 4990)
    }

    @Test func whatATaskCarriesIsTakenWhereItLogs() {
        let (book, queue) = (Book(), LogQueue())
        let provider = Logger.MetadataProvider { ["request": "\(Self.request)"] }
        let logger = Logger(label: "test") { _ in
            var handler = NonBlockingLogHandler(Handler(book: book, holds: false), queue: queue)
            handler.metadataProvider = provider
            return handler
        }
        Self.$request.withValue(7) { logger.info("seven") }
        logger.info("none", metadata: ["request": "own"])
        queue.flush(atMost: .seconds(30))
        #expect(book.all == ["info seven request=7", "info none request=own"])
    }

    @TaskLocal private static var request = 0

    @Test func aServerCountsWhatItsLogLost() async throws {
        let (book, queue) = (Book(), LogQueue(lineCountMax: 2))
        let logger = logger(book, queue, holds: true)
        for _ in 0..<8 { logger.info("line") }
        book.isHeld.wait()
        for _ in 0..<8 { logger.info("line") }
        let dropped = queue.droppedLineCount
        #expect(dropped > 8)
        try await LiveWorld.run(over: .webSocket, logger: logger) { live in
            var text = ""
            // The server's own lines find no room either.
            while !text.contains("orrery_log_lines_dropped_total \(queue.droppedLineCount)\n") {
                text = try await Answer(live, "/metrics").text
            }
        }
        for _ in 0..<100 { book.gate.signal() }
    }
}
