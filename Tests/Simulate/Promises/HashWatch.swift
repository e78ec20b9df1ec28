import OrreryClient
import OrrerySchema
import OrrerySync
import OrreryTesting
import OrreryWire
import Synchronization

/// Promise 4, by hashes: what a client has is what the server shows; what is damaged at a client is found and heals.
///
/// After a damage, all that the client shows is verified round by round. The round after the first one in which nothing
/// differs, the client is held against the server again.
final class HashWatch {
    private final class Log: Sendable {
        let answers = Mutex<[(round: Int, id: SubscriptionID, result: Result<Tick?, ClientError>)]>([])
    }

    private let log = Log()
    private var violations: [String] = []
    /// The hashes that were asked for and did not come yet.
    private(set) var waitingCount = 0
    /// Whether something was damaged that has not healed, as far as anybody knows.
    private(set) var isDamaged = false
    private var round = 0
    /// Rounds since the damage in which something differed.
    private var badRoundCount = 0
    /// What is verified in this round; the number of those that are not yet.
    private var verified: [SubscriptionID] = []
    private var openCount = 0
    /// Whether something differed in this round, or was over.
    private var (differs, isVain) = (false, false)

    /// In the first round everything is found; what came into view meanwhile may take another one.
    private static let badRoundsMax = 5

    func verify(_ id: SubscriptionID, of client: JoinedClient) { verify(id, of: client, inRound: 0) }

    private func verify(_ id: SubscriptionID, of client: JoinedClient, inRound round: Int) {
        waitingCount += 1
        client.session.verify(id) { [log] result in log.answers.withLock { $0.append((round, id, result)) } }
    }

    /// Something was damaged at the client.
    func begin(_ client: JoinedClient) {
        isDamaged = true
        badRoundCount = 0
        beginRound(client)
    }

    private func beginRound(_ client: JoinedClient) {
        round += 1
        (differs, isVain) = (false, false)
        verified = client.session.withCore(\.startedSubscriptions)
        openCount = verified.count
        for id in verified { verify(id, of: client, inRound: round) }
    }

    /// Looks at the hashes that have come, and asks for more if something is damaged.
    func proceed(with client: JoinedClient) {
        let answers = log.answers.withLock { answers in
            defer { answers = [] }
            return answers
        }
        for (round, id, result) in answers {
            waitingCount -= 1
            let isOfRound = isDamaged && round == self.round
            if isOfRound {
                openCount -= 1
                if case .success(nil) = result { isVain = true }
            }
            guard case .failure(let error) = result, error.code != .closed else { continue }
            if error.code != .stateDiffers || error.difference == nil || !isDamaged {
                violations.append("subscription \(id) was not verified: \(error)")
            }
            if isOfRound { differs = true }
        }
        guard isDamaged, openCount == 0 else { return }
        if differs { badRoundCount += 1 }
        if badRoundCount == Self.badRoundsMax {
            violations.append("what was damaged did not heal in \(badRoundCount) rounds")
        }
        // What began meanwhile may be as damaged as what it shares.
        if differs || isVain || verified != client.session.withCore(\.startedSubscriptions) {
            beginRound(client)
        } else {
            isDamaged = false
        }
    }

    func takeViolations() -> [String] {
        defer { violations = [] }
        return violations
    }
}
