public import Logging

/// Passes log messages to another handler, which writes them on a thread of its own.
///
/// A log that cannot be written (a full pipe, a stopped terminal, a slow disk) blocks neither network nor ticks.
/// Messages that find no room are dropped and counted; the next line reports the count.
public struct NonBlockingLogHandler: LogHandler {
    /// The queue of waiting messages, shared by all handlers of a program.
    public let queue: LogQueue
    private var base: any LogHandler

    /// - Parameters:
    ///   - base: The handler that writes. It may block.
    ///   - queue: The queue of waiting messages.
    public init(_ base: any LogHandler, queue: LogQueue) {
        self.base = base
        self.queue = queue
    }

    /// Writes lines to standard error, as swift-log does. The program can end even if nobody reads them.
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
        // The task's metadata is known here, not on the writing thread.
        if let provided = base.metadataProvider?.get(), !provided.isEmpty {
            event.metadata = provided.merging(event.metadata ?? [:]) { $1 }
            base.metadataProvider = nil
        }
        queue.add(event, to: base)
    }
}
