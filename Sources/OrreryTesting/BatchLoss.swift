import OrreryClient
import OrrerySync
import OrreryTransport
import OrreryWire

/// Stands between a client and its connection, and loses a batch when told to.
///
/// A connection loses nothing in its midst, so clients need not find out about every loss; this one only loses a batch
/// when the next message shows it: one that begins at a later tick than the client has, or with a later part.
final class BatchLoss: TransportHandler {
    var isDue = false
    private let session: ClientSession
    /// What is lost if the next message shows it.
    private var held: [UInt8]?

    init(_ session: ClientSession) {
        self.session = session
    }

    func connectionOpened(_ connection: ConnectionID) {
        held = nil
        session.connectionOpened(connection)
    }

    func connection(_ connection: ConnectionID, received message: UnsafeRawBufferPointer) {
        let head = isDue || held != nil ? Self.head(of: message) : nil
        if let lost = held {
            held = nil
            if let head, head.part > 0 || head.base > session.withCore(\.reachedTick) {
                isDue = false
            } else {
                lost.withUnsafeBytes { session.connection(connection, received: $0) }
            }
        } else if isDue, head != nil {
            held = Array(message)
            return
        }
        session.connection(connection, received: message)
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
