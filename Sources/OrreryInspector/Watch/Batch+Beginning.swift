package import OrreryClient
import OrrerySync

extension Batch {
    /// Whether the batch completes the first state of what was requested.
    package var isBeginning: Bool { !applied.started.isEmpty }
}
