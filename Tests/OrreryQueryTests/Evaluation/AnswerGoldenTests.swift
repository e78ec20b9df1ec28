import OrreryQuery
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTransport
import OrreryWire
import Testing

@testable import FuzzQueries

/// The golden cases as one-shot queries: a server answers a client.
@Suite struct AnswerGoldenTests {
    /// The answer of a server of the golden world.
    private func answer(to text: String, in world: GoldenWorld) throws -> Result<QueryAnswer, QueryError> {
        var server = SyncServer(
            store: world.store, epoch: Epoch(1), configuration: SyncServerConfiguration(), makeRandom: { 1 })
        var client = SyncClient(clientName: "golden")
        let session = SessionID(1)
        server.open(session, now: .zero)
        _ = try client.ask(OneShotQuery(QueryRequest(text)))
        var result: Result<QueryAnswer, QueryError>?
        while true {
            let sent = client.takeOutgoing()
            for message in sent { message.withUnsafeBytes { server.receive($0, from: session, now: .zero) } }
            let actions = server.takeActions()
            guard !sent.isEmpty || !actions.isEmpty else { break }
            for action in actions {
                switch action {
                case .broadcast(let frame, _), .send(let frame, _):
                    for event in frame.bytes.withUnsafeBytes({ client.receive($0) }) {
                        switch event {
                        case .answered(_, let answer): result = .success(answer)
                        case .unanswered(_, _, let error): result = .failure(try #require(error))
                        case .failed(let error): Issue.record("\(error)")
                        default: break
                        }
                    }
                case .close(_, let error): Issue.record("\(error)")
                case .setReading: break
                }
            }
        }
        return try #require(result)
    }

    @Test(arguments: GoldenCase.all)
    func aCaseHasItsAnswer(each: GoldenCase) throws {
        let world = try GoldenWorld()
        switch (each.expectedOfServers, try answer(to: each.text, in: world)) {
        case (.error(let kind, let column, let nearest), .failure(let error)):
            #expect(error.kind.rawValue == kind)
            if let column { #expect(error.column == column && error.nearest == nearest) }
        case (.members(let names), .success(let answer)):
            #expect(answer.members.map(\.description) == names)
            #expect(answer.revision == Revision(epoch: Epoch(1), tick: world.store.tick))
            let query = try Query(each.text, in: world.table)
            #expect(answer.shown == query.selection.shown)
            if let resource = query.selection.shown.resource {
                #expect(
                    answer.store[resource].value(of: 0) == (names.isEmpty ? nil : world.store[resource].value(of: 0)))
                #expect(answer.store.entities.count == 0)
            }
            for entity in answer.members where entity != .none {
                let columns = query.shownColumns(of: entity, in: world.store)
                #expect(answer.store.columns(of: entity) == columns, "\(entity)")
                for column in columns {
                    #expect(
                        answer.store[column].value(of: entity.index) == world.store[column].value(of: entity.index))
                }
            }
        case (let expected, let answer): Issue.record("\(answer) instead of \(expected)")
        }
    }
}

extension GoldenCase {
    /// What servers of this version answer.
    enum Expected {
        /// - Parameter column: `nil` if only the kind is known.
        case error(kind: String, column: Int?, nearest: String?)
        case members([String])
    }

    var expectedOfServers: Expected {
        guard id != GoldenCaseTests.outdated else { return .error(kind: "type", column: nil, nearest: nil) }
        return switch answer {
        case .error(let kind, let column, let nearest): .error(kind: kind, column: column, nearest: nearest)
        case .members(let names, _, _): .members(names)
        case .resource(let matches): .members(matches ? ["-"] : [])
        }
    }
}
