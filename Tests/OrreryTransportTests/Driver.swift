import Glibc
import OrreryTransport
import Testing

/// A loop on a thread of its own, and all that it said. Jobs run on that thread.
final class Driver: TransportHandler, @unchecked Sendable {
    // Guard: `heard` and `jobs` are touched inside `lock` only; `loop` and `hooks` on the loop's thread.

    struct Heard {
        var opened: [ConnectionID] = []
        var messages: [ConnectionID: [[UInt8]]] = [:]
        var messageCount = 0
        var drained: [ConnectionID: Int] = [:]
        var closures: [ConnectionID: ConnectionEnd] = [:]
        var closureCount = 0
        var wakeCount = 0
        var timerCount = 0
        var refusals: [TransportRefusal] = []
        var besideByteCounts: [ConnectionID: Int] = [:]
        var hasReturned = false
    }

    /// What the handler does by itself.
    struct Hooks: Sendable {
        var opened: @Sendable (any TransportLoop, ConnectionID) -> Void = { _, _ in }
        var received: @Sendable (any TransportLoop, ConnectionID, UnsafeRawBufferPointer) -> Void = { _, _, _ in }
        var beside: @Sendable (any TransportLoop, ConnectionID, Int) -> Void = { _, _, _ in }
        var keepsMessages = true
        var refusal: @Sendable (HTTPRequest) -> HTTPResponse? = { _ in nil }
        var page: @Sendable (HTTPRequest) -> HTTPResponse? = { _ in nil }

        static let none = Hooks()
        static let echo = Hooks(
            received: { loop, connection, message in loop.send(Frame(copying: message), to: connection) },
            keepsMessages: false)
    }

    let loop: any TransportLoop
    private let hooks: Hooks
    private let lock = Lock()
    private let condition: Condition
    private var heard = Heard()
    private var jobs: [@Sendable (any TransportLoop) -> Void] = []

    init(_ loop: any TransportLoop, hooks: Hooks = .none) {
        self.loop = loop
        self.hooks = hooks
        condition = Condition(of: lock)
    }

    /// Runs the loop on a new thread.
    func start() {
        let driver = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, runDriver, driver.toOpaque())
        precondition(code == 0)
        pthread_detach(thread)
    }

    fileprivate func run() {
        do {
            try loop.run(self)
        } catch {
            Issue.record(error)
        }
        note { $0.hasReturned = true }
    }

    private func note(_ change: (inout Heard) -> Void) {
        lock.withLock {
            change(&heard)
            condition.signal()
        }
    }

    /// Runs `job` on the loop's thread, soon.
    func perform(_ job: @escaping @Sendable (any TransportLoop) -> Void) {
        lock.withLock { jobs.append(job) }
        loop.wake()
    }

    /// Runs `job` on the loop's thread and returns what it returns.
    func ask<R: Sendable>(_ job: @escaping @Sendable (any TransportLoop) -> R) -> R? {
        let answer = Answer<R>()
        perform { loop in
            let value = job(loop)
            answer.lock.withLock {
                answer.value = value
                answer.condition.signal()
            }
        }
        let deadline = ContinuousClock.now + .seconds(10)
        return answer.lock.withLock {
            while answer.value == nil, ContinuousClock.now < deadline {
                answer.condition.wait(atMost: deadline - ContinuousClock.now)
            }
            return answer.value
        }
    }

    var snapshot: Heard { lock.withLock { heard } }

    /// Waits until `holds`, and says whether it ever did.
    @discardableResult
    func wait(
        _ what: Comment, atMost duration: Duration = .seconds(20), sourceLocation: SourceLocation = #_sourceLocation,
        until holds: (Heard) -> Bool
    ) -> Bool {
        let deadline = ContinuousClock.now + duration
        let held = lock.withLock {
            while !holds(heard) {
                let left = deadline - ContinuousClock.now
                guard left > .zero else { return false }
                condition.wait(atMost: left)
            }
            return true
        }
        #expect(held, what, sourceLocation: sourceLocation)
        return held
    }

    /// Stops the loop and waits for `run` to return.
    func stop(sourceLocation: SourceLocation = #_sourceLocation) {
        perform { $0.shutDown(lingerMax: .seconds(2)) }
        wait("run returns", sourceLocation: sourceLocation) { $0.hasReturned }
    }

    // MARK: TransportHandler

    func connectionOpened(_ connection: ConnectionID, granted: (any Sendable)?) {
        note { $0.opened.append(connection) }
        hooks.opened(loop, connection)
    }

    func connection(_ connection: ConnectionID, received message: UnsafeRawBufferPointer) {
        hooks.received(loop, connection, message)
        note {
            $0.messageCount += 1
            if hooks.keepsMessages { $0.messages[connection, default: []].append(Array(message)) }
        }
    }

    func connection(_ connection: ConnectionID, receivedBesideMessages byteCount: Int) {
        hooks.beside(loop, connection, byteCount)
        note { $0.besideByteCounts[connection, default: 0] += byteCount }
    }

    func connectionDrained(_ connection: ConnectionID) {
        note { $0.drained[connection, default: 0] += 1 }
    }

    func connectionClosed(_ connection: ConnectionID, _ closure: ConnectionEnd) {
        note {
            $0.closureCount += 1
            if let earlier = $0.closures[connection] { Issue.record("closed twice: \(earlier), \(closure)") }
            $0.closures[connection] = closure
        }
    }

    func loopWoken() {
        let due = lock.withLock {
            heard.wakeCount += 1
            condition.signal()
            defer { jobs = [] }
            return jobs
        }
        for job in due { job(loop) }
    }

    func loopTimerFired() {
        note { $0.timerCount += 1 }
    }

    func decision(onUpgrade request: HTTPRequest) -> UpgradeDecision {
        hooks.refusal(request).map(UpgradeDecision.refused) ?? .granted(())
    }
    func page(for request: HTTPRequest) -> HTTPResponse? { hooks.page(request) }
    func refused(_ refusal: TransportRefusal) { note { $0.refusals.append(refusal) } }
}

private final class Answer<R: Sendable>: @unchecked Sendable {
    // Guard: `value` inside `lock` only.
    let lock = Lock()
    let condition: Condition
    var value: R?

    init() { condition = Condition(of: lock) }
}

private func runDriver(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    Unmanaged<Driver>.fromOpaque(argument!).takeRetainedValue().run()
    return nil
}
