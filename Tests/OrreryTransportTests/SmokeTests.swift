import OrreryTransport
import OrreryWebSocket
import Testing

@Test func smoke() throws {
    WebSocketLog.setListener { print("lws:", $0) }
    let (loop, url) = try WebSocketServerTransport(port: 0).listen(limits: TransportLimits())
    let server = Driver(loop, hooks: .echo)
    server.start()
    let client = Driver(try WebSocketClientTransport().connect(to: url, limits: TransportLimits()))
    client.start()
    client.wait("opened") { !$0.opened.isEmpty }
    let id = try #require(client.snapshot.opened.first)
    client.perform { $0.send(Frame([1, 2, 3]), to: id) }
    client.wait("echo") { $0.messages[id]?.first == [1, 2, 3] }
    print(client.snapshot)
    client.perform { $0.close(id, code: .normal, reason: "bye") }
    client.wait("closed") { $0.closureCount == 1 }
    server.wait("closed") { $0.closureCount == 1 }
    print(client.snapshot.closures, server.snapshot.closures)
    client.stop()
    server.stop()
}
