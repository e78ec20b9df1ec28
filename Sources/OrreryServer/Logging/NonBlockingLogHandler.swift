public import Logging

/// Hands log messages over to another handler, which writes them on a thread of its own: a log that cannot be written
/// (a full pipe, a stopped terminal, a slow disk) stops neither network nor ticks. What finds no room is dropped,
/// counted, and told with the next line.
public struct NonBlockingLogHandler: LogHandler {
    /// Where messages wait, shared by all handlers of a program.
    public let queue: LogQueue
    private var base: any LogHandler

    /// - Parameters:
    ///   - base: The handler that writes. It may block.
    ///   - queue: Where messages wait.
    public init(_ base: any LogHandler, queue: LogQueue) {
        self.base = base
        self.queue = queue
    }

    /// Lines to standard error, as swift-log writes them. Where nobody reads them, the program ends all the same.
    public static func standardError(label: String, queue: LogQueue) -> NonBlockingLogHandler {
        NonBlockingLogHandler(StreamLogHandler(label: label, stream: StandardErrorStream()), queue: queue)
    }

    public var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }

    public var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }

    public var metadataProvider: Logger.MetadataProvider? {
        get { base.metadataProvider }
        set { base.metadataProvider = newValue }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }

    public func log(event: LogEvent) {
        var (event, base) = (event, base)
        // What a task carries is known here, not on the thread that writes.
        if let provided = base.metadataProvider?.get(), !provided.isEmpty {
            event.metadata = provided.merging(event.metadata ?? [:]) { $1 }
            base.metadataProvider = nil
        }
        queue.add(event, to: base)
    }
}
