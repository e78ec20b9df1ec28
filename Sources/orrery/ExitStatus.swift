import OrreryClient
import OrrerySchema
import OrreryInspector
import OrreryQuery

/// The tool's exit codes. Listed in `--help`.
enum ExitStatus: Int32, CaseIterable {
    case done = 0
    case cannotConnect = 3
    case protocolTrouble = 4
    case connectionLost = 5
    case unknownEntity = 6
    case refused = 7
    case unauthorized = 8
    /// Source: sysexits.h, EX_USAGE.
    case usage = 64
    /// Source: sysexits.h, EX_IOERR.
    case cannotWrite = 74

    private var explanation: String {
        switch self {
        case .done: "done; also when --watch is interrupted or comes to its end"
        case .cannotConnect: "cannot connect, or no answer within --timeout"
        case .protocolTrouble: "not an Orrery server, an unknown component, or values that cannot be read"
        case .connectionLost: "the connection was lost, or the server stopped"
        case .unknownEntity: "no such entity"
        case .refused: "the server refused the change, or the query costs too much"
        case .unauthorized: "the server wants a token, or another one, or does not let this machine in"
        case .usage: "the arguments do not make sense"
        case .cannotWrite: "the output cannot be written: the disk is full, say"
        }
    }

    /// The part of `--help` about exit codes.
    static var help: String {
        allCases.reduce("Exit codes:") { text, status in
            let code = String(status.rawValue)
            return text + "\n  " + String(repeating: " ", count: 2 - code.count) + code + "  " + status.explanation
        }
    }
}

/// Why the tool ends with a code other than 0, in one sentence that says what to do.
struct ToolError: Error {
    var status: ExitStatus
    var message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// The tool's error for an error of the layers below; `nil` for errors of the argument parser.
    init?(_ error: any Error) {
        switch error {
        case let error as ToolError: self = error
        case let error as ClientError:
            self.init(error.query.map { ExitStatus($0.kind) } ?? ExitStatus(error.code), error.message)
        case let error as QueryError: self.init(ExitStatus(error.kind), "--query: \(error)")
        default: return nil
        }
    }
}

extension ExitStatus {
    init(_ kind: QueryError.Kind) {
        self =
            switch kind {
            // The server does not have what the query names.
            case .unknownComponent, .unknownField: .protocolTrouble
            case .tooDear, .needsIndex: .refused
            case .syntax, .type, .limit, .notYet: .usage
            }
    }

    init(_ code: ClientError.Code) {
        self =
            switch code {
            case .invalidURL: .usage
            case .cannotConnect: .cannotConnect
            case .unauthorized: .unauthorized
            case .protocolViolation, .limitExceeded, .component, .notSupported, .query, .stateDiffers:
                .protocolTrouble
            case .connectionLost, .serverStopped, .outcomeUnknown, .closed, .cancelled, .superseded: .connectionLost
            case .unknownEntity: .unknownEntity
            case .refused, .invalidValue, .notWritable, .forbidden, .compareFailed, .limitReached: .refused
            }
    }
}
