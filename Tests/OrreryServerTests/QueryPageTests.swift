import Foundation
import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTransport
import Testing

/// `GET /query`: a query that is asked once, without a client.
@Suite(.timeLimit(.minutes(1))) struct QueryPageTests {
    private func world() -> World {
        let world = World()
        for number in 0..<5 as Range<Int32> {
            world.spawn(Position(x: Float(number), y: -0.5), Health(current: 10 * number))
        }
        world.spawn(Label(text: "a \"b\"\n"), Frozen(), VisibilityGroups(rawValue: 2))
        return world
    }

    /// Waits for the first tick.
    private func ask(_ live: LiveWorld, _ rest: String, token: String? = nil) async throws -> Answer {
        while true {
            let answer = try await Answer(live, "/query" + rest, token: token)
            guard answer.status == 503, answer.text == "starting\n" else { return answer }
        }
    }

    private func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    @Test func whoMatchesIsShownAsJSON() async throws {
        try await LiveWorld.run(over: .webSocket, world: world()) { live in
            func rows(_ text: String, _ rest: String = "") async throws -> String {
                let answer = try await ask(live, "?q=\(encoded(text))\(rest)")
                #expect(answer.status == 200, "\(answer.text)")
                #expect(answer.fields["content-type"] == "application/json")
                let revision = try #require(answer.fields["orrery-revision"])
                let start = "{\"revision\":\"\(revision)\","
                #expect(revision.contains("@") && answer.text.hasPrefix(start) && answer.text.hasSuffix("}\n"))
                return String(answer.text.dropFirst(start.count).dropLast(2))
            }
            #expect(
                try await rows("Health where Health.current >= 30")
                    == #""total":2,"rows":[{"entity":"3v1","Health":{"current":30,"maximum":100}},"#
                    + #"{"entity":"4v1","Health":{"current":40,"maximum":100}}]"#)
            // A plus is a space, and an ampersand in a text is written as %26.
            #expect(
                try await rows("Label?, Frozen")
                    == #""total":1,"rows":[{"entity":"5v1","Label":{"text":"a \"b\"\n"},"Frozen":{}}]"#)
            let answer = try await ask(live, "?q=with+Position+order+by+Position.x+desc&limit=2")
            #expect(answer.text.contains(#""total":5,"rows":[{"entity":"4v1"},{"entity":"3v1"}]"#), "\(answer.text)")
            #expect(try await rows("Health limit 1 offset 2").contains(#""total":5,"rows":[{"entity":"2v1""#))
            #expect(try await rows("Health\n\tcount\r\n") == #""total":5,"rows":[]"#)
            #expect(try await rows("Health count") == #""total":5,"rows":[]"#)
            #expect(try await rows("Health", "&limit=0") == #""total":5,"rows":[]"#)
            #expect(try await rows("Label where ~ \"&\"") == #""total":0,"rows":[]"#)
            #expect(try await Answer(live, "/query?q=Health", method: "HEAD").text == "")
            #expect(try await Answer(live, "/query?q=Health", method: "POST").status == 405)
        }
    }

    @Test func aMistakeIsNamed() async throws {
        try await LiveWorld.run(over: .webSocket, world: world()) { live in
            for (rest, words) in [
                ("", "Write /query?q="), ("?q", "column 1"), ("?q=Health&q=Health", "Write /query?q="),
                ("?q=%00", "cannot be decoded"), ("?q=Health&limit=-1", "a whole number"),
                ("?q=Health&limit=1&limit=2", "Write /query?q="), ("?q=Health%20limit%203&limit=1", "not both"),
                ("?q=Health%20where%20Health.curent%20%3C%205", "column 21: there is no such field"),
                ("?q=Helth", "did you mean 'Health'?"), ("?q=entity%2077v1", "entity 77v1 is not alive"),
                ("?q=Health%20at%2010%20Hz", "rates are no part of a text"),
            ] {
                let answer = try await ask(live, rest)
                #expect(answer.status == 400 && answer.text.contains(words), "\(rest): \(answer.status) \(answer.text)")
            }
        }
    }

    @Test func theSameEyesAsThoseOfAClient() async throws {
        let authorizer = Authorizer { request in
            switch request.bearerToken {
            case "all": .allowed(.all)
            case "some": .allowed(.observe, visibility: Visibility(groups: VisibilityGroups(rawValue: 1)))
            case "personal": .allowed(.observe, visibility: Visibility(isPersonal: true))
            case "deaf": .allowed([])
            default: .unauthorized("Log in first.")
            }
        }
        try await LiveWorld.run(over: .webSocket, configure: { $0.authorize = authorizer }, world: world()) { live in
            let labels = "?q=Label"
            #expect(try await ask(live, labels).status == 401)
            #expect(try await ask(live, labels, token: "all").text.contains("\"total\":1,"))
            #expect(try await ask(live, labels, token: "some").text.contains("\"total\":0,"))
            #expect(try await ask(live, "?q=Health", token: "some").text.contains("\"total\":5,"))
            #expect(try await ask(live, labels, token: "personal").status == 403)
            #expect(try await ask(live, labels, token: "deaf").status == 403)
            // What the server shows of itself is for those who see everything, and comes with a tick.
            #expect(try await ask(live, "?q=orrery.System", token: "some").status == 400)
            var answer = try await ask(live, "?q=resource%20orrery.Server", token: "all")
            while answer.status == 503 {
                #expect(answer.fields["retry-after"] == "1")
                answer = try await ask(live, "?q=resource%20orrery.Server", token: "all")
            }
            #expect(answer.text.contains("\"rows\":[{\"entity\":null,\"orrery.Server\":{"), "\(answer.text)")
        }
    }

    @Test func anAnswerHasALimit() async throws {
        let world = World()
        for _ in 0..<2000 { world.spawn(Health()) }
        try await LiveWorld.run(
            over: .webSocket, configure: { $0.sync.queryAnswerSizeMax = 100_000 }, world: world
        ) { live in
            let answer = try await ask(live, "?q=Health")
            #expect(answer.text.contains("\"total\":2000,"))
            #expect(answer.text.components(separatedBy: "\"entity\"").count - 1 == 1000)
            let tooLong = try await ask(live, "?q=Health&limit=2000")
            #expect(tooLong.status == 400 && tooLong.text.contains("queryAnswerSizeMax"), "\(tooLong.text)")
        }
    }
}
