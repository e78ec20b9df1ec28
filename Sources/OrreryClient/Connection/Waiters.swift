import OrrerySchema
import OrrerySync
import OrreryWire

/// The callers that wait for the server's answers.
struct Waiters {
    var welcome: [ClientSession.Answer] = []
    /// Callers waiting for the first state of a subscription, or its refusal.
    var subscriptions: [SubscriptionID: ClientSession.Answer] = [:]
    var unsubscriptions: [SubscriptionID: [ClientSession.Answer]] = [:]
    /// Callers waiting for the answer to a one-shot query.
    var queries: [QueryID: ClientSession.QueryAnswerer] = [:]
    /// Callers waiting for a subscription to be verified.
    var verifications: [SubscriptionID: [ClientSession.VerifyAnswer]] = [:]
    /// Callers waiting for the outcome of a mutation, and since when.
    var mutations: [MutationSequence: (answer: ClientSession.OutcomeAnswer, since: Duration)] = [:]

    mutating func takeWelcome() -> [ClientSession.Answer] {
        defer { welcome = [] }
        return welcome
    }

    /// Tells all callers that no answer will come.
    func fail(_ end: ClientError) {
        for answer in welcome { answer(.failure(end)) }
        for (_, answer) in subscriptions.sorted(by: { $0.key < $1.key }) { answer(.failure(end)) }
        for (_, answers) in unsubscriptions.sorted(by: { $0.key < $1.key }) {
            for answer in answers { answer(.failure(end)) }
        }
        for (_, answer) in queries.sorted(by: { $0.key < $1.key }) { answer(.failure(end)) }
        for (_, answers) in verifications.sorted(by: { $0.key < $1.key }) {
            for answer in answers { answer(.failure(end)) }
        }
        for (_, waiting) in mutations.sorted(by: { $0.key < $1.key }) {
            waiting.answer(
                .failure(
                    ClientError(
                        .outcomeUnknown, "\(end.message), before the server said what became of a mutation",
                        phase: .mutate)))
        }
    }
}
