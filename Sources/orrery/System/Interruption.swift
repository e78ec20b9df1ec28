import Dispatch
import Glibc

/// Handles signals with our code, on a queue, instead of ending the process.
final class Interruption {
    private let sources: [any DispatchSourceSignal]
    private let numbers: [Int32]

    /// Calls `handler` when one of the signals arrives. Each signal has its default effect again when this object is
    /// released.
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

    /// Restores the default effect of a signal.
    static func restore(_ number: Int32) { signal(number, SIG_DFL) }

    /// The signals with which a person or the system ends a program.
    static let ending = [SIGINT, SIGTERM, SIGHUP]
}
