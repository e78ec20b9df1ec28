import ArgumentParser
import OrreryClient
import OrreryInspector
import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

@testable import FuzzQueries
@testable import orrery

/// The golden cases as `orrery query` answers them, by a server over sockets.
@Suite(.timeLimit(.minutes(2))) struct QueryCommandTests {
    /// What the command prints.
    private func output(_ arguments: String...) async throws -> String {
        var out: [UInt8] = []
        let undecodable = try await QueryCommand.parse(arguments).print { out += $0 }
        #expect(undecodable.warning == nil)
        return String(decoding: out, as: UTF8.self)
    }

    @Test func everyCaseHasItsAnswer() async throws {
        let world = try GoldenWorld()
        try await GoldenServer.run { url in
            for each in GoldenCase.all {
                switch each.expectedOfServers {
                case .error(let kind, let column, let nearest):
                    let error = await #expect(throws: ClientError.self, "\(each.testDescription)") {
                        try await output(url, "--json", "--", each.text)
                    }
                    #expect(error?.query?.kind.rawValue == kind, "\(each.testDescription)")
                    guard let column else { continue }
                    #expect(error?.query?.column == column, "\(each.testDescription)")
                    #expect(error?.query?.nearest == nearest, "\(each.testDescription)")
                case .members(let names):
                    let lines = try await output(url, "--json", "--", each.text).split(separator: "\n").map {
                        try JSON($0)
                    }
                    let query = try Query(each.text, in: world.table)
                    guard query.window != .nobody else {
                        guard case .members(_, let total, _) = each.answer else { continue }
                        #expect(lines.map { $0["count"]?.integer } == [total], "\(each.testDescription)")
                        continue
                    }
                    // A resource is nobody's.
                    #expect(lines.map { $0["entity"]?.string ?? "-" } == names, "\(each.testDescription)")
                    for (line, name) in zip(lines, names) {
                        let entity = try #require(Entity(name))
                        let columns =
                            query.selection.shown.resource.map { [$0] }
                            ?? query.shownColumns(of: entity, in: world.store)
                        let shown = columns.map { world.table.name(of: $0) }
                        #expect(
                            line.members.dropFirst().map(\.key) == shown, "\(each.testDescription) of \(entity)")
                    }
                }
            }
        }
    }

    @Test func itSaysHowAQueryIsReadAndWhatItCosts() async throws {
        let world = try GoldenWorld()
        let count = world.store.entities.count
        try await GoldenServer.run { url in
            let text = "Position?, Health where 50 > Health.current and (not has Frozen)"
            let explained = try await output(url, "--explain", text)
            #expect(
                explained == """
                    query       Health, Position? where not has Frozen and Health.current < 50
                    shows       Position, Health
                    decided by  Health, Frozen
                    found by    changes of Health, Frozen: the rows that changed are tested; among many queries, \
                    by values of Health.current
                    cost        \(count) rows x 5 nodes = \(count * 5) tests, asked once

                    """)
            let plain = try await output(url, "--explain", "*")
            #expect(plain.contains("query       *\nshows       everything\ndecided by  life alone\n"))
            #expect(plain.contains("found by    nothing is tested"))
            let listed = try await output(url, "--explain", "--entity", "1v1", "--entity", "2v1", "Health")
            #expect(listed.contains("query       entity in (1v1, 2v1), Health\n"))
            #expect(listed.contains("cost        2 rows x 2 nodes = 4 tests"))
        }
    }

    @Test func theAddressMayBeLeftOut() {
        let local = ServerAddress.local
        #expect(ServerAddress.completed(["query", "A where A.x = 1"]) == ["query", local, "A where A.x = 1"])
        #expect(
            ServerAddress.completed(["query", "--entity", "1v1", "A", "--at-least", "5"])
                == ["query", "--entity", "1v1", local, "A", "--at-least", "5"])
        for complete in [["query", "7600", "A"], ["query", "--json", "7600", "A"], ["query", "--help"]] {
            #expect(ServerAddress.completed(complete) == complete)
        }
        // As before, for single entities.
        #expect(ServerAddress.completed(["set", "1v1", "A.x=1"]) == ["set", local, "1v1", "A.x=1"])
        #expect(ServerAddress.completed(["get", "7600", "1v1"]) == ["get", "7600", "1v1"])
    }
}
