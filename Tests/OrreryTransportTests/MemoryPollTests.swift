import OrreryTransport
import Testing

@Suite("One thread can drive a network in memory, and knows what comes next")
struct MemoryPollTests {
    /// Writes down what it hears, in order.
    private final class Scribe: TransportHandler {
        let name: String
        let book: Book
        var received: (ConnectionID, UnsafeRawBufferPointer) -> Void = { _, _ in }

        init(_ name: String, _ book: Book) {
            self.name = name
            self.book = book
        }

        func connectionOpened(_ connection: ConnectionID, granted: (any Sendable)?) {
            book.lines.append("\(name) opened \(connection)")
        }
        func connection(_ connection: ConnectionID, received message: UnsafeRawBufferPointer) {
            book.lines.append("\(name) received \(message.count) from \(connection)")
            received(connection, message)
        }
        func connectionDrained(_ connection: ConnectionID) { book.lines.append("\(name) drained \(connection)") }
        func connectionClosed(_ connection: ConnectionID, _ closure: ConnectionEnd) {
            book.lines.append("\(name) closed \(connection) \(closure.code) \(closure.wasEstablished)")
        }
        func loopWoken() { book.lines.append("\(name) woken") }
        func loopTimerFired() {}
    }

    private final class Book {
        var lines: [String] = []
        func take() -> [String] {
            defer { lines = [] }
            return lines
        }
    }

    private func makeLoops(
        _ network: MemoryNetwork, limits: TransportLimits = TransportLimits()
    ) throws -> (server: MemoryLoop, client: MemoryLoop) {
        let (server, url) = try network.server(name: "world").listen(limits: limits)
        let client = try network.client.connect(to: url, limits: limits)
        return (try #require(server as? MemoryLoop), try #require(client as? MemoryLoop))
    }

    @Test func aServerAndFiftyClientsOnOneThread() throws {
        func play() throws -> [String] {
            let network = MemoryNetwork()
            let book = Book()
            let (loop, url) = try network.server(name: "world").listen(limits: TransportLimits())
            let server = try #require(loop as? MemoryLoop)
            let serverScribe = Scribe("server", book)
            serverScribe.received = { connection, message in
                for id in 1...50 where id != Int(connection.rawValue) {
                    server.send(Frame(copying: message), to: ConnectionID(UInt64(id)))
                }
            }
            let clients = try (1...50).map { number in
                let loop = try network.client.connect(to: url, limits: TransportLimits())
                return (try #require(loop as? MemoryLoop), Scribe("client \(number)", book))
            }
            for (client, scribe) in clients { client.poll(scribe) }
            while server.poll(serverScribe) || clients.map({ $0.poll($1) }).contains(true) {}
            for (number, (client, _)) in clients.enumerated() {
                client.send(Frame(pattern(number)), to: ConnectionID(1))
            }
            while server.poll(serverScribe) || clients.map({ $0.poll($1) }).contains(true) {}
            server.shutDown(lingerMax: .zero)
            while server.poll(serverScribe) || clients.map({ $0.poll($1) }).contains(true) {}
            #expect(server.hasFinished)
            return book.lines
        }
        let first = try play()
        // 50 times: opened on both sides, one message up, 49 down, closed on both sides.
        #expect(first.count == 50 * (2 + 1 + 49 + 2))
        #expect(try play() == first)
    }

    /// What arrived during a pause is handed over before what arrives after it, also if that is already there.
    @Test func aPauseKeepsTheOrder() throws {
        let network = MemoryNetwork()
        let book = Book()
        let (server, client) = try makeLoops(network)
        let (serverScribe, clientScribe) = (Scribe("server", book), Scribe("client", book))
        client.poll(clientScribe)
        while server.poll(serverScribe) || client.poll(clientScribe) {}
        server.setReading(false, of: ConnectionID(1))
        for count in 1...3 { client.send(Frame(pattern(count)), to: ConnectionID(1)) }
        _ = book.take()
        server.poll(serverScribe)
        #expect(book.take().isEmpty)
        client.send(Frame(pattern(4)), to: ConnectionID(1))
        server.setReading(true, of: ConnectionID(1))
        client.send(Frame(pattern(5)), to: ConnectionID(1))
        while server.poll(serverScribe) {}
        #expect(book.take() == (1...5).map { "server received \($0) from #1" })
    }

    @Test func namesAscendInTheOrderOfArrival() throws {
        let network = MemoryNetwork()
        let book = Book()
        let (server, late) = try makeLoops(network)
        let early = try #require(
            try network.client.connect(to: "memory://world", limits: TransportLimits()) as? MemoryLoop)
        var delay = MemoryLane.Condition()
        delay.delay = .seconds(1)
        late.setConditions(toServer: delay, toClient: MemoryLane.Condition())
        late.poll(Scribe("late", book))
        early.poll(Scribe("early", book))
        let scribe = Scribe("server", book)
        server.poll(scribe)
        network.advance(to: .seconds(1))
        server.poll(scribe)
        #expect(book.take() == ["server opened #2", "server opened #3"])
    }

    @Test func aReaderThatDoesNotPollIsSlow() throws {
        let network = MemoryNetwork(linkByteCountMax: 1000)
        let book = Book()
        let (server, client) = try makeLoops(network)
        let (serverScribe, clientScribe) = (Scribe("server", book), Scribe("client", book))
        client.poll(clientScribe)
        server.poll(serverScribe)
        client.poll(clientScribe)
        let id = ConnectionID(1)
        server.send(Frame(pattern(984)), to: id)  // With its head room, just what the link holds.
        #expect(server.pendingByteCount(of: id) == 0)
        server.send(Frame(pattern(500)), to: id)
        server.send(Frame([]), to: id)
        #expect(server.pendingByteCount(of: id) == 516 + 16)
        _ = book.take()
        #expect(server.poll(serverScribe) == false)
        client.poll(clientScribe)
        #expect(server.pendingByteCount(of: id) == 0)
        server.poll(serverScribe)
        #expect(
            book.take() == [
                "client received 984 from #1", "client received 500 from #1",
                "client received 0 from #1", "server drained #1",
            ])
    }

    @Test func aCloseKeepsWhatIsInTheLinkAndDropsWhatWaits() throws {
        let network = MemoryNetwork(linkByteCountMax: 1000)
        let book = Book()
        let (server, client) = try makeLoops(network)
        let (serverScribe, clientScribe) = (Scribe("server", book), Scribe("client", book))
        client.poll(clientScribe)
        server.poll(serverScribe)
        client.poll(clientScribe)
        _ = book.take()
        for count in [100, 200, 900, 1] { server.send(Frame(pattern(count)), to: ConnectionID(1)) }
        server.close(ConnectionID(1), code: .normal, reason: "")
        client.poll(clientScribe)
        server.poll(serverScribe)
        #expect(
            book.take() == [
                "client received 100 from #1", "client received 200 from #1", "client closed #1 1000 true",
                "server closed #1 1000 true",
            ])
    }

    @Test func aClientIsInWhenTheServerHasDecidedSo() throws {
        let book = Book()
        let (server, client) = try makeLoops(MemoryNetwork())
        let (serverScribe, clientScribe) = (Scribe("server", book), Scribe("client", book))
        #expect(client.poll(clientScribe))
        #expect(!client.poll(clientScribe))
        #expect(book.take() == [])
        server.poll(serverScribe)
        client.poll(clientScribe)
        #expect(book.take() == ["server opened #1", "client opened #1"])
    }

    @Test func aCallNeverComesFromInsideACall() throws {
        let network = MemoryNetwork()
        let book = Book()
        let (server, client) = try makeLoops(network)
        let (serverScribe, clientScribe) = (Scribe("server", book), Scribe("client", book))
        client.poll(clientScribe)
        server.poll(serverScribe)
        client.poll(clientScribe)
        _ = book.take()
        server.wake()
        server.wake()
        server.close(ConnectionID(1), code: .normal, reason: "")
        server.shutDown(lingerMax: .seconds(1))
        #expect(book.take() == [])
        #expect(server.poll(serverScribe))
        #expect(book.take() == ["server woken", "server closed #1 1000 true"])
        #expect(server.hasFinished)
        client.poll(clientScribe)
        #expect(book.take() == ["client closed #1 1000 true"])
    }

    @Test func aConnectionThatWasNeverToldOfIsNotToldToClose() throws {
        let network = MemoryNetwork()
        let book = Book()
        let (server, client) = try makeLoops(network)
        let (serverScribe, clientScribe) = (Scribe("server", book), Scribe("client", book))
        client.shutDown(lingerMax: .zero)
        client.poll(clientScribe)
        server.poll(serverScribe)
        #expect(book.take() == [])
    }

    @Test func aServerThatIsReleasedBreaksTheLine() throws {
        let network = MemoryNetwork()
        let book = Book()
        let clientScribe = Scribe("client", book)
        func connect() throws -> MemoryLoop {
            let (server, client) = try makeLoops(network)
            client.poll(clientScribe)
            server.poll(Scribe("server", book))
            client.poll(clientScribe)
            return client
        }
        let client = try connect()
        _ = book.take()
        client.poll(clientScribe)
        #expect(book.take() == ["client closed #1 1006 true"])
    }

    @Test(arguments: ["ws://world", "memory://", "world", ""])
    func aURLThatCannotBeUsed(url: String) {
        let error = #expect(throws: TransportError.self) {
            _ = try MemoryNetwork().client.connect(to: url, limits: TransportLimits())
        }
        #expect(error?.code == .invalidAddress)
    }
}
