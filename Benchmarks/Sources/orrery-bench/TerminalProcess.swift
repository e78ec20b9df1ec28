import CBenchmarkSupport
import Foundation
import Synchronization

/// A program of this package on a terminal of its own, as a person has it: 60 lines of 200 columns. What it shows is
/// read and dropped.
final class TerminalProcess: Sendable {
    private struct Shown {
        /// The last of what it showed.
        var text = ""
        var screenCount = 0
        var hasEnded = false
    }

    private let process: Int32
    private let terminal: Int32
    private let name: String
    private let shown = Mutex(Shown())

    /// - Parameter name: of a program in the folder of this one.
    init(_ name: String, _ arguments: [String]) throws {
        self.name = name
        let path = ChildProcess.folder.appendingPathComponent(name).path
        guard access(path, X_OK) == 0 else {
            throw ChildProcess.Failure(description: "there is no program \(path): build all products of Benchmarks")
        }
        setenv("TERM", "xterm-256color", 1)
        var descriptor: Int32 = -1
        let words = ([path] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        let pointers = words.map { UnsafePointer($0) } + [nil]
        process = pointers.withUnsafeBufferPointer {
            bench_spawn_on_terminal($0.baseAddress, 60, 200, &descriptor)
        }
        terminal = descriptor
        guard process > 0 else {
            throw ChildProcess.Failure(description: "cannot start \(name): \(String(cString: strerror(errno)))")
        }
        Thread { [self] in read() }.start()
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(terminal, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            shown.withLock { shown in
                guard count > 0 else {
                    shown.hasEnded = true
                    return
                }
                let text = String(decoding: buffer[..<count], as: UTF8.self)
                // Each drawing begins with a synchronised update.
                shown.screenCount += text.components(separatedBy: "\u{1b}[?2026h").count - 1
                shown.text = String((shown.text + text).suffix(64 << 10))
            }
            guard count > 0 else { return }
        }
    }

    /// How often it has drawn.
    var screens: Int { shown.withLock { $0.screenCount } }

    /// Nanoseconds that all of its threads have used.
    var processorTime: UInt64 { bench_process_time(process) }

    /// Waits until it shows a text, 20 seconds at most.
    func wait(for text: String) throws {
        for _ in 0..<400 {
            let (isThere, hasEnded, last) = shown.withLock {
                ($0.text.contains(text), $0.hasEnded, $0.text.suffix(500))
            }
            if isThere { return }
            guard !hasEnded else { throw ChildProcess.Failure(description: "\(name) has ended: \(last)") }
            Thread.sleep(forTimeInterval: 0.05)
        }
        stop()
        throw ChildProcess.Failure(description: "\(name) does not show '\(text)'")
    }

    /// Ends it by the key that a person presses, and waits for that.
    func stop() {
        var key = UInt8(ascii: "q")
        _ = write(terminal, &key, 1)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
    }
}
