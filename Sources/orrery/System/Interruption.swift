import Dispatch
import Glibc

/// Signals that are answered by code of ours, on a queue, instead of by the end of the process.
final class Interruption {
    private let sources: [any DispatchSourceSignal]
    private let numbers: [Int32]

    /// Calls `handler` when one of the signals comes. Each signal has its usual effect again when this object goes
    /// away.
    init(_ signals: [Int32], on queue: DispatchQueue = .global(), _ handler: @escaping @Sendable () -> Void) {
        sources = signals.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler(handler: handler)
            source.resume()
            return source
        }
        numbers = signals
    }

    deinit {
        for source in sources { source.cancel() }
        for number in numbers { Self.restore(number) }
    }

    /// Lets a signal have its usual effect.
    static func restore(_ number: Int32) { signal(number, SIG_DFL) }

    /// Those by which a person, or the system, ends a program.
    static let ending = [SIGINT, SIGTERM, SIGHUP]
}
