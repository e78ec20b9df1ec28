import Glibc

// MSG_NOSIGNAL and SOCK_STREAM, whose Swift types depend on the modules that are imported before.
package let noSignal: Int32 = 0x4000
package let streamType: Int32 = 1
let closesOnExec: Int32 = 0x80000

/// What a test waited for did not come.
package struct RawPeerError: Error, CustomStringConvertible {
    package let description: String
}

/// A TCP connection to a server under test, on which a test writes any bytes it likes, and a little WebSocket on top.
package final class RawPeer {
    private let descriptor: Int32
    private var unread: [UInt8] = []

    /// Connects to 127.0.0.1. Reads and writes give up after ten seconds.
    /// - Parameters:
    ///   - takesLittle: whether the system keeps only a few KiB for it that it has not read.
    ///   - resetsAtEnd: whether its end breaks the connection instead of ending it in order.
    package init(port: Int, takesLittle: Bool = false, resetsAtEnd: Bool = false) throws {
        descriptor = socket(AF_INET, streamType, 0)
        var receiveBufferSize: Int32 = 4096
        if takesLittle {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBufferSize, socklen_t(MemoryLayout<Int32>.size))
        }
        if resetsAtEnd {
            var lingers = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &lingers, socklen_t(MemoryLayout<linger>.size))
        }
        // What is written apart comes apart, and at once.
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        tunnel = nil
        setTimeLimit()
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw RawPeerError(description: "nobody listens at port \(port)") }
    }

    /// Connects to 127.0.0.1 over TLS, whoever the server is. What the system and the tunnel keep unread is some MiB.
    package init(tlsPort: Int) throws {
        let tunnel = try TLSTunnel(port: tlsPort)
        self.tunnel = tunnel
        descriptor = tunnel.descriptor
        setTimeLimit()
    }

    private let tunnel: TLSTunnel?

    deinit { close(descriptor) }

    private func setTimeLimit() {
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    // MARK: Bytes

    package func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress!, $0.count, noSignal) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    package func write(_ text: String) { write(Array(text.utf8)) }

    package func finishWriting() { shutdown(descriptor, 1) }

    /// Reads until at least `count` bytes are there. False at the end of the stream, or after ten seconds.
    private func fill(_ count: Int) -> Bool {
        while unread.count < count {
            var buffer = [UInt8](repeating: 0, count: 65536)
            let received = recv(descriptor, &buffer, buffer.count, 0)
            guard received > 0 else { return false }
            unread += buffer[..<received]
        }
        return true
    }

    /// Everything up to the end of the stream.
    package func readBytesToEnd() -> [UInt8] {
        _ = fill(.max)
        defer { unread = [] }
        return unread
    }

    /// Everything up to the end of the stream.
    package func readToEnd() -> String { String(decoding: readBytesToEnd(), as: UTF8.self) }

    /// Whether the server has ended the stream (within ten seconds), whatever came before.
    package func isEnded() -> Bool {
        _ = fill(.max)
        var byte: UInt8 = 0
        let received = recv(descriptor, &byte, 1, 0)
        return received == 0 || (received < 0 && errno == ECONNRESET)
    }

    /// The head of an HTTP answer.
    package func readHead() -> String {
        while !String(decoding: unread, as: UTF8.self).contains("\r\n\r\n") {
            guard fill(unread.count + 1) else { break }
        }
        let text = String(decoding: unread, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return text }
        unread.removeFirst(text.utf8.distance(from: text.startIndex, to: end.upperBound))
        return String(text[..<end.upperBound])
    }

    // MARK: WebSocket

    /// Asks for an upgrade; fields can be replaced, or left out with nil.
    package func requestUpgrade(_ replaced: [String: String?] = [:], method: String = "GET", path: String = "/") {
        let fields: [(String, String?)] = [
            ("Host", "localhost"), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Protocol", "orrery.v1"), ("Origin", nil), ("Authorization", nil),
        ]
        var text = "\(method) \(path) HTTP/1.1\r\n"
        for (name, value) in fields {
            if let value = replaced[name, default: value] { text += "\(name): \(value)\r\n" }
        }
        write(text + "\r\n")
    }

    /// A frame as a client sends it.
    package func writeFrame(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true) {
        var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
        switch payload.count {
        case ..<126: bytes.append(0x80 | UInt8(payload.count))
        case ..<65536: bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default: bytes += [0x80 | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        let mask: [UInt8] = [0x11, 0x22, 0x33, 0x44]
        bytes += mask
        bytes += payload.enumerated().map { $1 ^ mask[$0 & 3] }
        write(bytes)
    }

    /// The next frame of the server.
    package func readFrame() throws -> (opcode: UInt8, payload: [UInt8]) {
        try require(2)
        var header = 2
        var count = Int(unread[1] & 0x7f)
        if count == 126 {
            header = 4
            try require(4)
            count = Int(unread[2]) << 8 | Int(unread[3])
        } else if count == 127 {
            header = 10
            try require(10)
            count = unread[2..<10].reduce(0) { $0 << 8 | Int($1) }
        }
        try require(header + count)
        defer { unread.removeFirst(header + count) }
        return (unread[0] & 0x0f, Array(unread[header..<(header + count)]))
    }

    /// Reads up to the server's close frame and returns its code.
    package func readCloseCode() throws -> Int { try readClose().code }

    /// Reads up to the server's close frame.
    package func readClose() throws -> (code: Int, reason: String) {
        while true {
            let (opcode, payload) = try readFrame()
            guard opcode == 8 else { continue }
            guard payload.count >= 2 else { return (1005, "") }
            return (Int(payload[0]) << 8 | Int(payload[1]), String(decoding: payload[2...], as: UTF8.self))
        }
    }

    private func require(_ count: Int) throws {
        guard fill(count) else {
            throw RawPeerError(description: "the server ended the stream, or said too little in ten seconds")
        }
    }
}
