internal import CLibWebSocketsShim
internal import OrreryTransport

/// How many files and sockets this process may have open, and how many a server needs.
enum DescriptorLimit {
    /// Files, the loop, the listening sockets, and what else a program has open.
    private static let spareCount = 256

    private static func neededCount(_ limits: TransportLimits) -> Int {
        limits.connectionCountMax + 3 * limits.handshakeCountMax + spareCount
    }

    /// Raises the limit of this process to what is needed, as far as the system lets it.
    static func raise(for limits: TransportLimits) {
        _ = clws_descriptor_limit(UInt64(neededCount(limits)))
    }

    /// A sentence if it is too low.
    static func warning(_ limits: TransportLimits) -> String? {
        let (needed, limit) = (neededCount(limits), clws_descriptor_limit(0))
        guard limit < needed else { return nil }
        return
            "This process may have \(limit) files and sockets open, but \(limits.connectionCountMax) connections need \(needed). "
            + "Raise the limit (ulimit -n, or LimitNOFILE of systemd), or lower connectionCountMax."
    }
}
