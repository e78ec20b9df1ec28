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
        /// - Parameters:
        ///   - total: How many match, if the query has a window.
        ///   - beginsAtItsEntity: Whether the window does, if it names one.
        case members([String], total: Int?, beginsAtItsEntity: Bool)
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
            answer = .members(
                try #require(json["entities"]?.array).compactMap(\.string), total: json["total"]?.integer,
                beginsAtItsEntity: !(json["fromIsNoMember"]?.bool ?? false))
        }
    }
}

/// The cases that were written from the rules before the language was built.
@Suite struct GoldenCaseTests {
    private let world: GoldenWorld

    init() throws {
        world = try GoldenWorld()
    }

    /// Written while there were no regions: it says that they come later.
    static let outdated = "h06-001"

    @Test(arguments: GoldenCase.all.filter { $0.id != outdated })
    func aCaseHasItsAnswer(each: GoldenCase) throws {
        switch each.answer {
        case .error(let kind, let column, let nearest):
            let error = #expect(throws: QueryError.self) { try Query(each.text, in: world.table) }
            #expect(error?.kind.rawValue == kind)
            #expect(error?.column == column)
            #expect(error?.nearest == nearest)
        case .members(let names, let total, let beginsAtItsEntity):
            let query = try Query(each.text, in: world.table)
            let matching = query.matching(in: world.store)
            let (rows, isAtStart) = query.members(of: matching, in: world.store)
            #expect(rows.compactMap { world.store.entity(at: $0)?.description } == names)
            #expect(query.members(of: world.store) == RowSet(rows))
            #expect(query.window == nil ? total == nil : total == matching.count)
            #expect(isAtStart == beginsAtItsEntity)
            for entity in world.entities(at: world.store.entities.rows) where query.window != nil {
                #expect(query.isMember(entity, of: world.store) == matching.contains(entity.index), "\(entity)")
            }
            for entity in world.entities(at: world.store.entities.rows) where query.window == nil {
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

    /// The world of the cases has no spatial component.
    @Test func aRegionNeedsASpatialComponent() throws {
        let each = try #require(GoldenCase.all.first { $0.id == Self.outdated })
        let error = #expect(throws: QueryError.self) { try Query(each.text, in: world.table) }
        #expect(error?.kind == .type)
        #expect(error?.column == 18 && error?.expected.contains("registered no component as spatial") == true)
    }

    @Test func allCasesAreAsked() {
        #expect(GoldenCase.all.count == 97)
    }
}
