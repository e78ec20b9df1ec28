import OrreryClient
import OrrerySchema
import OrrerySync
import OrreryTransport
import OrreryWire

/// Sits between a client and its connection, and drops a batch when told to.
///
/// A real connection never drops a message in the middle, so clients need not detect every loss. This class only drops
/// a batch if the next message reveals the loss: one that begins at a later tick than the client has, or with a later
/// part.
final class BatchLoss: TransportHandler {
    var isDue = false
    /// Of all messages that have come.
    private(set) var received = StableHash()
    private let session: ClientSession
    /// Whether ``received`` is kept.
    var hashesMessages = false
    /// The batch to drop if the next message reveals the loss.
    private var held: (message: [UInt8], connection: ConnectionID)?

    init(_ session: ClientSession) {
        self.session = session
    }

    func connectionOpened(_ connection: ConnectionID, granted: (any Sendable)?) {
        held = nil
        session.connectionOpened(connection, granted: granted)
    }

    func connection(_ connection: ConnectionID, received message: UnsafeRawBufferPointer) {
        if hashesMessages { received.combine(message) }
        let head = isDue || held != nil ? Self.head(of: message) : nil
        if let lost = held {
            held = nil
            if let head, session.withCore({ $0.misses(head) }) {
                isDue = false
            } else {
                deliver(lost)
            }
        } else if isDue, head != nil {
            held = (Array(message), connection)
            return
        }
        session.connection(connection, received: message)
    }

    /// Nothing is dropped from now on.
    func stop() {
        isDue = false
        held.take().map(deliver)
    }

    private func deliver(_ held: (message: [UInt8], connection: ConnectionID)) {
        held.message.withUnsafeBytes { session.connection(held.connection, received: $0) }
    }

    private static func head(of message: UnsafeRawBufferPointer) -> BatchHead? {
        guard case .syncBatch(let head)? = try? ServerMessage(decoding: message, limits: WireLimits()) else {
            return nil
        }
        return head
    }

    func connectionDrained(_ connection: ConnectionID) { session.connectionDrained(connection) }

    func connectionClosed(_ connection: ConnectionID, _ closure: ConnectionEnd) {
        held = nil
        session.connectionClosed(connection, closure)
    }

    func loopWoken() { session.loopWoken() }
    func loopTimerFired() { session.loopTimerFired() }
}
