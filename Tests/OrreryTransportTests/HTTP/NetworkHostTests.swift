import OrreryTransport
import Testing

@Suite("Hosts are compared by what they are, not by how they are written")
struct NetworkHostTests {
    @Test(
        "every spelling of the loopback",
        .bug(id: "f11", "the long form of the loopback address is refused with 421"),
        arguments: [
            "localhost", "LOCALHOST", "localhost.", "a.localhost", "127.0.0.1", "127.255.255.254", "127.1", "0x7f.1",
            "2130706433",
            "::1", "[::1]", "0:0:0:0:0:0:0:1", "[0:0:0:0:0:0:0:1]", "0000:0000:0000:0000:0000:0000:0000:0001", "0::1",
            "::0:1",
            "::ffff:127.0.0.1", "[::FFFF:7f00:1]", "::1%lo",
        ])
    func loopbacks(text: String) throws {
        #expect(try #require(NetworkHost(text)).isLoopback)
    }

    @Test(
        "what only looks like it",
        arguments: [
            "localhost.example.com", "127.0.0.1.example.com", "notlocalhost", "::2", "1::1", "128.0.0.1",
            "::ffff:128.0.0.1",
            "fe80::1", "0.0.0.0", "::",
        ])
    func others(text: String) throws {
        #expect(try #require(NetworkHost(text)).isLoopback == false)
    }

    @Test(
        "what is no host",
        arguments: [
            "", " ", "a b", "[::1", "::1]", "[127.0.0.1]", "1.2.3.4.5", "256.1.1.1", ":::", "a:b", "[]", "a/b",
            "ä.example", ".",
        ])
    func noHosts(text: String) {
        #expect(NetworkHost(text) == nil)
    }

    @Test(arguments: [
        ("EXAMPLE.com.", "example.com"), ("2001:DB8:0:0::1", "2001:db8::1"), ("[2001:db8::0:1]", "2001:db8::1"),
        ("::ffff:10.0.0.1", "10.0.0.1"), ("10.1", "10.0.0.1"), ("a1.2b", "a1.2b"),
    ])
    func descriptions(text: String, canonical: String) throws {
        let host = try #require(NetworkHost(text))
        #expect(host.description == canonical)
        #expect(NetworkHost(canonical) == host)
    }

    @Test(arguments: [
        ("a:1", "a"), ("a:", "a"), ("a", "a"), ("[::1]:7600", "::1"), ("[0::1]", "::1"),
        ("127.0.0.1:65535", "127.0.0.1"),
    ])
    func authorities(text: String, host: String) {
        #expect(NetworkHost(authority: text)?.description == host)
    }

    @Test(arguments: ["::1", "a:65536", "a:b", "[::1]x", "a:1:2", "a@b", ":1", ""])
    func noAuthorities(text: String) {
        #expect(NetworkHost(authority: text) == nil)
    }

    @Test func aNetworkOf64BitsIsOnePeer() throws {
        let (first, second) = (NetworkHost("2001:db8:0:1::1"), NetworkHost("2001:db8:0:1:ffff::2"))
        #expect(first != second && first?.share == second?.share)
        #expect(NetworkHost("2001:db8:0:2::1")?.share != first?.share)
        #expect(NetworkHost("10.0.0.1")?.share != NetworkHost("10.0.0.2")?.share)
    }
}
