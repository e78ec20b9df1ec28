import Glibc
import OrreryRawPeer
import Testing

/// A TCP server that answers each connection with fixed bytes, or with silence.
final class RawServer: @unchecked Sendable {
    // Guard: nothing changes after `init`.
    private let descriptor: Int32
    private let answer: [UInt8]
    let url: String

    init(answer: String) throws {
        self.answer = Array(answer.utf8)
        let descriptor = socket(AF_INET, streamType, 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                let bound = bind(descriptor, $0, size)
                getsockname(descriptor, $0, &size)
                return bound
            }
        }
        url = "ws://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        try #require(code == 0 && listen(descriptor, 5) == 0)
        var thread = pthread_t()
        pthread_create(&thread, nil, serveRaw, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }

    fileprivate func serve() {
        let connection = accept(descriptor, nil, nil)
        var buffer = [UInt8](repeating: 0, count: 4096)
        _ = recv(connection, &buffer, buffer.count, 0)
        if !answer.isEmpty { _ = send(connection, answer, answer.count, noSignal) }
        if answer.isEmpty { while recv(connection, &buffer, buffer.count, 0) > 0 {} }
        close(connection)
        close(descriptor)
    }
}

private func serveRaw(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    Unmanaged<RawServer>.fromOpaque(argument!).takeRetainedValue().serve()
    return nil
}
