internal import Glibc

/// A host as URLs, header fields and sockets name it. Two spellings of one address are equal.
package enum NetworkHost: Hashable, Sendable, CustomStringConvertible {
    /// A name in lower case, without a dot at the end.
    case name(String)
    /// An IPv4 address with its first byte highest, also if it is mapped into IPv6 (`::ffff:127.0.0.1`).
    case ipv4(UInt32)
    /// The 16 bytes of an IPv6 address, in network order.
    case ipv6([UInt8])

    /// - Parameter text: A name, or an address in any spelling; an IPv6 address with or without brackets. The zone of
    ///   an address is dropped. The result is nil for any other text.
    package init?(_ text: String) {
        var text = text[...]
        let isBracketed = text.first == "["
        if isBracketed {
            guard text.last == "]" else { return nil }
            text = text.dropFirst().dropLast()
        }
        if text.contains(":") {
            // The zone (`fe80::1%eth0`) names an interface of this machine only.
            guard let bytes = Self.ipv6Bytes(String(text.prefix { $0 != "%" })) else { return nil }
            let mapped = [UInt8](repeating: 0, count: 10) + [0xff, 0xff]
            self = bytes.starts(with: mapped) ? .ipv4(Self.number(bytes[12...])) : .ipv6(bytes)
            return
        }
        guard !isBracketed else { return nil }
        if text.last == "." { text = text.dropLast() }
        let isName = text.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x2d || byte == 0x2e
                || byte == 0x5f
        }
        guard !text.isEmpty, isName else { return nil }
        // A text whose last part is a number is an address (127.1 is a spelling of one) or invalid: no name ends in a
        // number.
        guard let last = text.split(separator: ".").last, Self.isNumber(last.lowercased()) else {
            self = .name(text.lowercased())
            return
        }
        var address = in_addr()
        guard inet_aton(String(text), &address) == 1 else { return nil }
        self = .ipv4(UInt32(bigEndian: address.s_addr))
    }

    private static func isNumber(_ label: String) -> Bool {
        label.utf8.allSatisfy { (0x30...0x39).contains($0) }
            || label.hasPrefix("0x") && label.dropFirst(2).allSatisfy(\.isHexDigit)
    }

    private static func ipv6Bytes(_ text: String) -> [UInt8]? {
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        return withUnsafeBytes(of: address) { Array($0) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

    /// The host of `host`, `host:port` or `[address]:port`; nil for anything else.
    package init?(authority: String) {
        guard let parts = Self.parts(authority[...]) else { return nil }
        self = parts.host
    }

    static func isAuthority(_ text: String) -> Bool { NetworkHost(authority: text) != nil }

    /// The host and port of an authority; nil if it is invalid.
    package static func parts(_ authority: Substring) -> (host: NetworkHost, port: UInt16?)? {
        let hostEnd =
            authority.first == "["
            ? authority.firstIndex(of: "]").map { authority.index(after: $0) } ?? authority.endIndex
            : authority.firstIndex(of: ":") ?? authority.endIndex
        guard let host = NetworkHost(String(authority[..<hostEnd])) else { return nil }
        let rest = authority[hostEnd...]
        if rest.isEmpty || rest == ":" { return (host, nil) }
        guard rest.first == ":", rest.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = UInt16(rest.dropFirst())
        else { return nil }
        return (host, port)
    }

    /// Whether the host reaches only this machine.
    package var isLoopback: Bool {
        switch self {
        case .name(let name): name == "localhost" || name.hasSuffix(".localhost")
        case .ipv4(let number): number >> 24 == 127
        case .ipv6(let bytes): bytes == Array(repeating: 0, count: 15) + [1]
        }
    }

    /// The unit that counts as one peer when places are shared: an IPv4 address, or an IPv6 network of 64 bits, in
    /// which one peer can have any number of addresses.
    package var share: NetworkHost {
        guard case .ipv6(let bytes) = self else { return self }
        return .ipv6(bytes[..<8] + Array(repeating: 0, count: 8))
    }

    /// The name, or the address in its usual spelling, without brackets.
    package var description: String {
        switch self {
        case .name(let name): return name
        case .ipv4(let number):
            return stride(from: 24, through: 0, by: -8).map { "\(number >> UInt32($0) & 255)" }.joined(separator: ".")
        case .ipv6(let bytes):
            var address = in6_addr()
            withUnsafeMutableBytes(of: &address) { $0.copyBytes(from: bytes) }
            return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
                inet_ntop(AF_INET6, &address, text.baseAddress!, socklen_t(text.count))
                return String(cString: text.baseAddress!)
            }
        }
    }
}
