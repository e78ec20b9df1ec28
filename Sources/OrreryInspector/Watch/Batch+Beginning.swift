package import OrreryClient
import OrrerySync

extension Batch {
    /// Whether the first state of what was asked for came with it.
    package var isBeginning: Bool { !applied.started.isEmpty }
}
