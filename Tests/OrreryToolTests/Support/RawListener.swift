import Foundation
import Glibc

/// A TCP server that reads what comes and gives one answer, or none.
final class RawListener: Sendable {
    let url: String
    private let descriptor: Int32

    /// - Parameter port: a free one unless stated.
    init(answer: String?, port: UInt16 = 0) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        // Connections of servers before it may still be closing.
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, size) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, address, &size) == 0
            }
        }
        guard isListening else {
            close(descriptor)
            throw POSIXError(.EADDRINUSE)
        }
        self.descriptor = descriptor
        url = "ws://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        Thread {
            while case let peer = accept(descriptor, nil, nil), peer >= 0 {
                var request = [UInt8](repeating: 0, count: 4096)
                _ = read(peer, &request, request.count)
                if let answer { _ = Array(answer.utf8).withUnsafeBytes { write(peer, $0.baseAddress, $0.count) } }
                if answer != nil { close(peer) }
            }
        }.start()
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}
