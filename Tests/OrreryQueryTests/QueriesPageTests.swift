import Foundation
import OrreryInspector
import OrreryQuery
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryWire
import Testing

/// The examples of docs/QUERIES.md, in the world that the page describes.
@Suite struct QueriesPageTests {
    let page: String
    private let store: ComponentStore

    init() throws {
        var root = URL(filePath: #filePath)
        while !FileManager.default.fileExists(atPath: root.appending(path: "Package.swift").path) {
            root.deleteLastPathComponent()
        }
        page = try String(contentsOf: root.appending(path: "docs/QUERIES.md"), encoding: .utf8)
        let position = ["x", "y", "z"].map { Field($0, .scalar(.double)) }
        let schemas = [
            try ComponentSchema(
                name: "Body", type: .structure([Field("name", .string), Field("moons", .array(.string))])),
            try ComponentSchema(name: "Position", type: .structure(position)),
            try ComponentSchema(
                name: "Health",
                type: .structure([Field("current", .scalar(.int32)), Field("maximum", .scalar(.int32))])),
            try ComponentSchema(name: "Target", type: .structure([Field("entity", .entity)])),
            try ComponentSchema(name: "Frozen", type: .structure([])),
        ]
        let score = try ComponentSchema(
            name: "Score", type: .structure([Field("points", .scalar(.int32)), Field("leader", .entity)]))
        let resource = ComponentTable.Entry(ColumnID(schemas.count), score, isResource: true)
        let entries = ComponentTable(schemas).entries.enumerated().map { number, entry in
            guard entry.name == "Position", let schema = entry.schema else { return entry }
            return .init(ColumnID(number), schema, spatial: SpatialField(path: [], cellSize: 10))
        }
        store = ComponentStore(ComponentTable(entries + [resource]))
        store.advance(to: Tick(1))
        try add("1v1", body: ("Mars", ["Phobos", "Deimos"]), position: [10, 0, 0], health: (30, 100))
        try add("2v1", body: ("Mariner 9", []), position: [0, 3, 4], health: (80, 100), target: Entity("1v1"))
        try add("3v1", body: ("Sun", []), position: [0, 0, 0], isFrozen: true)
        try add("4v1", position: [0, 0, .nan], health: (50, 50), target: Entity.none, isFrozen: true)
        try add("5v2")
        try set("Score", [("points", .signed(7)), ("leader", .entity(Entity(index: 2, generation: 1)))], of: .none)
    }

    private func add(
        _ name: String, body: (name: String, moons: [String])? = nil, position: [Double]? = nil,
        health: (Int64, Int64)? = nil, target: Entity? = nil, isFrozen: Bool = false
    ) throws {
        let entity = try #require(Entity(name))
        store.spawn(entity)
        func set(_ component: String, _ members: [(String, DynamicValue)]) throws {
            try self.set(component, members, of: entity)
        }
        if let body {
            try set("Body", [("name", .string(body.name)), ("moons", .array(body.moons.map { .string($0) }))])
        }
        if let position { try set("Position", zip(["x", "y", "z"], position).map { ($0, .double($1)) }) }
        if let health { try set("Health", [("current", .signed(health.0)), ("maximum", .signed(health.1))]) }
        if let target { try set("Target", [("entity", .entity(target))]) }
        if isFrozen { try set("Frozen", []) }
    }

    private func set(_ component: String, _ members: [(String, DynamicValue)], of entity: Entity) throws {
        let entry = try #require(store.table[component])
        let value = DynamicValue.structure(members.map { .init($0.0, $0.1) })
        let type = try #require(entry.schema?.type)
        let row = try #require(store.row(of: entity, in: store[entry.column]))
        store[entry.column].set(row, to: try value.encoded(as: type), at: store.tick)
    }

    /// The rows of the tables whose first column has a title: cells by the titles of their columns.
    private func rows(of title: String) -> [[String: String]] {
        func cells(_ line: Substring) -> [String] {
            line.replacing("\\|", with: "\u{0}").split(separator: "|").map {
                $0.replacing("\u{0}", with: "|").trimmingCharacters(in: .whitespaces)
            }
        }
        var titles: [String]?
        var rows: [[String: String]] = []
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("| \(title) |") { titles = cells(line) }
            if line.isEmpty { titles = nil }
            guard let titles, line.hasPrefix("| `") else { continue }
            rows.append(Dictionary(zip(titles, cells(line))) { first, _ in first })
        }
        return rows
    }

    @Test func everyExampleMatchesWhatThePageSays() throws {
        let rows = rows(of: "query")
        #expect(rows.count == 51)
        for row in rows {
            let text = try #require(row["query"]).trimmingCharacters(in: ["`"])
            let query = try Query(text, in: store.table)
            let members = query.members(of: query.matching(in: store), in: store).rows
                .compactMap { store.entity(at: $0) }
            if query.isResource {
                #expect(row["shows"] == (query.members(of: store).isEmpty ? "nothing" : "Score"), "\(text)")
            } else {
                #expect(members.map(\.description).joined(separator: " ") == row["members"], "\(text)")
            }
            if let shows = row["shows"], !query.isResource {
                let shown = query.selection.shownColumns(in: store.table).compactMap { store.table[$0]?.name }
                let isAll = query.selection.shown == .all
                #expect((isAll ? "everything" : shown.joined(separator: ", ")) == shows, "\(text)")
            }
        }
    }

    @Test func everyExampleCostsWhatThePageSays() throws {
        func list(_ names: [String]) -> String { names.isEmpty ? "-" : names.joined(separator: ", ") }
        for row in rows(of: "query") {
            let text = try #require(row["query"]).trimmingCharacters(in: ["`"])
            let query = try Query(text, in: store.table)
            #expect(row["nodes"] == "\(query.nodeCount)", "\(text)")
            let isTested = !query.isPlain && query.onlyListed == nil
            let changes =
                query.membershipColumns.map { store.table.name(of: $0) } + (query.readsLife ? ["life"] : [])
            #expect(row["tested at changes of"] == list(isTested ? changes : []), "\(text)")
            #expect(row["found by values of"] ?? "-" == list(query.keyFields(in: store.table)), "\(text)")
        }
    }

    @Test func everyTextOfTheServerIsAQueryOfIt() throws {
        let table = try StatusTable.appended(to: store.table)
        let texts = try rows(of: "text").map { try #require($0["text"]).trimmingCharacters(in: ["`"]) }
        #expect(texts.count == 9)
        for text in texts {
            #expect(try Query(text, in: table).isStatus(in: table), "\(text)")
            #expect(throws: QueryError.self) { try Query(text, in: store.table) }
        }
        for entry in table.entries where entry.isStatus {
            #expect(texts.contains { $0.contains(entry.name) }, "\(entry.name)")
        }
    }

    @Test func theMistakeIsTold() throws {
        let error = #expect(throws: QueryError.self) {
            try Query("Health where Health.curent < 50", in: store.table)
        }
        #expect(page.contains("orrery: --query: \(error.map { "\($0)" } ?? "")"))
        #expect(throws: QueryError(.notYet, column: 8, expected: "no at: rates are no part of a text")) {
            try Query("Health at 10 Hz", in: store.table)
        }
    }

    @Test func anExplanationIsWhatTheToolPrints() throws {
        let command = "$ orrery query --explain \""
        let lines = page.components(separatedBy: command)
        #expect(lines.count == 2)
        let parts = lines[1].components(separatedBy: "```")[0].split(separator: "\n", maxSplits: 1)
        let text = String(parts[0].dropLast())
        let query = try Query(text, in: store.table)
        let cost = QueryCost(rowCount: query.rowCount(in: store), nodeCount: query.nodeCount)
        #expect(try InspectorQuery(text).explanation(in: store.table, cost: cost) == parts[1])
    }

    @Test func theLimitsAreThose() {
        let limits = QueryLimits()
        #expect(page.contains("at most \(limits.textSizeMax) bytes and \(limits.nodeCountMax) nodes"))
        #expect(page.contains("at most \(limits.bracketDepthMax) deep"))
        #expect(
            page.contains("at most \(limits.entityCountMax)\nentities")
                || page.contains("at most \(limits.entityCountMax) entities"))
    }
}
