import OrreryClient
import OrreryQuery
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Synchronization

/// Promise 2, of queries that are asked once: an answer is what matches at the tick that it names, and nothing else.
final class AnswerWatch: Sendable {
    private typealias Answer = (request: QueryRequest, atLeast: Tick, result: Result<QueryAnswer, ClientError>)

    private let answers = Mutex<[Answer]>([])

    func ask(_ request: QueryRequest, atLeast tick: Tick, of client: JoinedClient) -> QueryID? {
        client.session.ask(OneShotQuery(request, atLeast: tick)) { result in
            self.answers.withLock { $0.append((request, tick, result)) }
        }
    }

    /// What is wrong in the answers since the last call.
    func takeViolations(_ history: History) -> [String] {
        let answers = answers.withLock { answers in
            defer { answers = [] }
            return answers
        }
        return answers.flatMap { request, tick, result -> [String] in
            switch result {
            case .success(let answer):
                return Self.differences(answer, request, history).map {
                    "the answer to '\(request.text)' at \(answer.revision): \($0)"
                } + (answer.revision.tick < tick ? ["asked for \(tick), answered at \(answer.revision.tick)"] : [])
            case .failure(let error):
                let isKnown = [.limitReached, .query, .unknownEntity, .closed].contains(error.code)
                return isKnown ? [] : ["'\(request.text)' was refused: \(error)"]
            }
        }
    }

    private static func differences(_ answer: QueryAnswer, _ request: QueryRequest, _ history: History) -> [String] {
        guard history[answer.revision] != nil else { return ["the server never showed that"] }
        let store = history.store(at: answer.revision, answer.store.table)
        guard let query = try? Query(request.text, entities: request.entities, in: store.table) else {
            return ["it is no query"]
        }
        let members = query.memberEntities(of: store)
        guard answer.members == members else { return ["\(answer.members) instead of \(members)"] }
        return members.filter { entity in
            let columns = query.isResource ? query.membershipColumns : query.shownColumns(of: entity, in: store)
            return answer.store.columns(of: entity) != columns
                || columns.contains { column in
                    let row = store.row(of: entity, in: store[column]) ?? 0
                    return answer.store[column].value(of: row) != store[column].value(of: row)
                }
        }.map { "other values of \($0)" }
    }
}
