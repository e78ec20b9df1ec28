import OrrerySchema

/// The number of a lane: the subscriptions of one rate, which move from tick to tick together.
///
/// It stands in the head of a batch, in Heartbeat, Acknowledge, *resume*, and with each granted query. In this version
/// every session has one lane, 0.
enum Lane {
    fileprivate static let only: UInt64 = 0
}

extension ByteWriter {
    mutating func appendLane() { append(varint: Lane.only) }
}

extension ByteReader {
    mutating func readLane() throws(CodecError) {
        let start = offset
        let lane = try readVarint()
        guard lane == Lane.only else { throw CodecError(.unknownReference, at: start, "there is no lane \(lane)") }
    }
}
