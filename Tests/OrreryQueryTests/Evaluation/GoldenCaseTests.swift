import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

@testable import FuzzQueries

/// One case of Golden/queries.jsonl.
struct GoldenCase: Sendable, CustomTestStringConvertible {
    /// What the case expects.
    enum Answer: Sendable {
        case error(kind: String, column: Int, nearest: String?)
        case members([String])
        case resource(Bool)
    }

    var id: String
    var text: String
    var answer: Answer
    /// The components that some entities are shown with.
    var shows: [(entity: String, components: [String])]

    var testDescription: String { "\(id): \(text)" }

    static let all: [GoldenCase] = try! GoldenWorld.text(of: "queries.jsonl").split(separator: "\n").map {
        try GoldenCase(JSON($0))
    }

    private init(_ json: JSON) throws {
        id = try #require(json["id"]?.string)
        text = try #require(json["text"]?.string)
        shows = (json["shows"]?.members ?? []).map { ($0.key, ($0.value.array ?? []).compactMap(\.string)) }
        if let error = json["error"] {
            answer = .error(
                kind: try #require(error["kind"]?.string), column: try #require(error["column"]?.integer),
                nearest: error["nearest"]?.string)
        } else if let matches = json["matches"]?.bool {
            answer = .resource(matches)
        } else {
            answer = .members(try #require(json["entities"]?.array).compactMap(\.string))
        }
    }
}

/// The cases that were written from the rules before the language was built.
@Suite struct GoldenCaseTests {
    private let world: GoldenWorld

    init() throws {
        world = try GoldenWorld()
    }

    /// Words of clauses that later issues bring, and the cases that have one outside names and texts.
    static let later: [(id: String, word: String)] = [
        ("h05-001", "order"), ("h05-016", "order"), ("h05-018", "limit"), ("h05-019", "limit"), ("h05-023", "limit"),
        ("h05-027", "limit"), ("h05-034", "order"), ("r020", "limit"), ("r062", "order"), ("h06-001", "within"),
    ]

    /// Errors of syntax inside such clauses, which cannot be told before the clauses are read: `limit` without a
    /// number, `where` after `order by`, and an entity without a generation after `from`.
    static let syntaxOfLater: Set<String> = ["h05-040", "h05-044", "h05-045"]

    @Test(
        arguments: GoldenCase.all.filter { each in
            !later.contains { $0.id == each.id } && !syntaxOfLater.contains(each.id)
        })
    func aCaseHasItsAnswer(each: GoldenCase) throws {
        switch each.answer {
        case .error(let kind, let column, let nearest):
            let error = #expect(throws: QueryError.self) { try Query(each.text, in: world.table) }
            #expect(error?.kind.rawValue == kind)
            #expect(error?.column == column)
            #expect(error?.nearest == nearest)
        case .members(let names):
            let query = try Query(each.text, in: world.table)
            let members = query.members(of: world.store)
            #expect(world.entities(at: members).map(\.description) == names)
            for entity in world.entities(at: world.store.entities.rows) {
                #expect(query.isMember(entity, of: world.store) == names.contains(entity.description), "\(entity)")
                let stranger = Entity(index: entity.index, generation: entity.generation &+ 1)
                #expect(!query.isMember(stranger, of: world.store))
            }
            for (name, components) in each.shows {
                let entity = try #require(Entity(name))
                let shown = query.shownColumns(of: entity, in: world.store)
                #expect(shown.map { world.table.name(of: $0) } == components, "\(entity)")
            }
        case .resource(let matches):
            let query = try Query(each.text, in: world.table)
            #expect(query.members(of: world.store).indexes == (matches ? [0] : []))
        }
    }

    @Test(arguments: later)
    func aClauseOfALaterIssueIsNamed(id: String, word: String) throws {
        let each = try #require(GoldenCase.all.first { $0.id == id })
        let error = #expect(throws: QueryError.self) { try Query(each.text, in: world.table) }
        #expect(error?.kind == .notYet)
        let column = try #require(error?.column)
        #expect(String(String.UnicodeScalarView(each.text.unicodeScalars.dropFirst(column - 1))).hasPrefix(word))
    }

    @Test func allCasesAreAsked() {
        #expect(GoldenCase.all.count == 97)
        let ids = Set(GoldenCase.all.map(\.id))
        #expect(ids.isSuperset(of: Self.later.map(\.id)) && ids.isSuperset(of: Self.syntaxOfLater))
    }
}
