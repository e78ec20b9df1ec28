import OrreryTesting
import OrreryWire

extension ServerMessage {
    init(_ bytes: [UInt8]) throws {
        self = try bytes.withUnsafeBytes { try ServerMessage(decoding: $0, limits: WireLimits()) }
    }

    /// The mutations that it answers.
    var answers: [MutationAnswer] {
        if case .mutationResponse(let answers) = self { answers } else { [] }
    }
}

extension RawClient {
    /// The mutations that were answered since what it received was last taken.
    func takeAnswers() throws -> [MutationAnswer] {
        try takeReceived().flatMap { try ServerMessage($0).answers }
    }
}
