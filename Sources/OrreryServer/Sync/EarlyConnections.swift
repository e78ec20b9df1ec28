import OrrerySync
import OrreryTransport

/// Connections made before the world's first tick has ended, in order of arrival, each with its first message.
///
/// Bound: one message of at most `messageSizeMax` for each of `connectionCountMax` connections, only while the first
/// tick takes.
struct EarlyConnections {
    private(set) var connections: [(ConnectionID, Admission, hello: [UInt8]?)] = []

    mutating func open(_ connection: ConnectionID, _ admission: Admission) {
        connections.append((connection, admission, nil))
    }

    /// - Returns: False for a second message: a client may send the next one only after the `Welcome`.
    mutating func keep(_ message: UnsafeRawBufferPointer, of connection: ConnectionID) -> Bool {
        guard let position = connections.firstIndex(where: { $0.0 == connection }) else { return true }
        guard connections[position].hello == nil else { return false }
        connections[position].hello = Array(message)
        return true
    }

    mutating func close(_ connection: ConnectionID) { connections.removeAll { $0.0 == connection } }
}
