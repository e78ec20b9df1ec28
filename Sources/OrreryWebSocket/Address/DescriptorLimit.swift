internal import CLibWebSocketsShim
internal import OrreryTransport

/// The limit of files and sockets that this process may have open, and how many a server needs.
enum DescriptorLimit {
    /// For files, the loop, the listening sockets, and whatever else a program has open.
    private static let spareCount = 256

    private static func neededCount(_ limits: TransportLimits) -> Int {
        limits.connectionCountMax + 3 * limits.handshakeCountMax + spareCount
    }

    /// Raises the limit of this process to what is needed, as far as the system allows.
    static func raise(for limits: TransportLimits) {
        _ = clws_descriptor_limit(UInt64(neededCount(limits)))
    }

    /// A sentence if the limit is too low.
    static func warning(_ limits: TransportLimits) -> String? {
        let (needed, limit) = (neededCount(limits), clws_descriptor_limit(0))
        guard limit < needed else { return nil }
        return
            "This process may have \(limit) files and sockets open, but \(limits.connectionCountMax) connections "
            + "need \(needed). Raise the limit (ulimit -n, or LimitNOFILE of systemd), or lower connectionCountMax."
    }
}
