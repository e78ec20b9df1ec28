import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

@testable import FuzzQueries

/// Each limit holds at its number, and not one beyond.
@Suite struct QueryLimitTests {
    private let table: ComponentTable

    init() throws {
        table = try GoldenWorld().table
    }

    private func refusal(_ text: String, entities: [Entity]? = nil, _ limits: QueryLimits = .init()) -> QueryError? {
        do throws(QueryError) {
            _ = try Query(text, entities: entities, in: table, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test func textSize() {
        #expect(refusal("Health" + String(repeating: " ", count: 4090)) == nil)
        let error = refusal("Health" + String(repeating: " ", count: 4091))
        #expect(error?.kind == .limit && error?.column == 4097)
        // The column is in scalars, and that of the first scalar that does not fit whole.
        let wide = refusal("`" + String(repeating: "é", count: 2047) + "é`")
        #expect(wide?.kind == .limit && wide?.column == 2049)
        // The length comes before everything else.
        #expect(refusal("((" + String(repeating: " ", count: 5000))?.kind == .limit)
    }

    @Test func nodeCount() {
        let terms = Array(repeating: "Health", count: 60).joined(separator: " | ")
        #expect(refusal("\(terms) where not has Team and not has Body") == nil)
        let text = "\(terms) where not has Team and not has Body or has Frozen"
        let error = refusal(text)
        #expect(error?.kind == .limit && error?.column == text.count - 9)
        // `not in` is a `not` and a condition.
        var limits = QueryLimits()
        limits.nodeCountMax = 3
        #expect(refusal("* where Health.current not in (1)", limits) == nil)
        #expect(refusal("*, 3v1 where Health.current not in (1)", limits)?.column == 29)
        // Syntax comes before the number of nodes, and names after it.
        #expect(refusal("\(text) and", .init())?.kind == .syntax)
        #expect(refusal(text.replacing("Team", with: "Taem"))?.kind == .limit)
    }

    @Test func bracketDepth() {
        func nested(_ count: Int) -> String {
            "* where " + String(repeating: "(", count: count) + "has Team" + String(repeating: ")", count: count)
        }
        #expect(refusal(nested(64)) == nil)
        let error = refusal(nested(65))
        #expect(error?.kind == .limit && error?.column == 9 + 64)
        // Brackets of functions, lists and subscripts are brackets inside others too.
        let open = String(repeating: "(", count: 64)
        #expect(refusal("* where \(open)count(Inventory.items)")?.column == 9 + 64 + 5)
        #expect(refusal("* where \(open)Health.current in (1)")?.kind == .limit)
        #expect(refusal("* where \(open)Inventory.items[0]")?.kind == .limit)
    }

    @Test func entityCount() {
        let entities = (0..<4096).map { Entity(index: UInt32($0), generation: 1) }
        #expect(refusal("", entities: entities) == nil)
        let error = refusal("", entities: entities + [Entity(index: 9999, generation: 1)])
        #expect(error?.kind == .limit && error?.expected.contains("4096") == true)
    }

    @Test func longChainsAreRefusedAndNotFollowed() {
        #expect(refusal("* where " + String(repeating: "not ", count: 1000) + "has Team")?.kind == .limit)
        #expect(refusal("* where has Team" + String(repeating: " and has Team", count: 300))?.kind == .limit)
        #expect(refusal("*" + String(repeating: ",*", count: 2000))?.column == 129)
        let path = Array(repeating: "a", count: 2000).joined(separator: ".")
        #expect(refusal("* where \(path) = 1")?.kind == .unknownComponent)
    }

    @Test func numbersOfAnySizeAreRead() throws {
        let digits = String(repeating: "9", count: 2000)
        for (text, other) in [
            ("1e99999999999999999999", "infinity"), ("-1e99999999999999999999", "-infinity"), (digits, "infinity"),
            ("1e-99999999999999999999", "0"), ("-0.\(String(repeating: "0", count: 2000))1", "0"),
            ("1\(String(repeating: "0", count: 300))e-300", "1"), ("0.1\(String(repeating: "0", count: 2000))", "0.1"),
        ] {
            let left = try Query("* where Precise.d = \(text) or Precise.f = \(text)", in: table)
            #expect(try left == Query("* where Precise.d = \(other) or Precise.f = \(other)", in: table), "\(text)")
            // Against integers they stay what they are.
            let store = try GoldenWorld().store
            for (sign, matches) in [("<", !text.hasPrefix("-1")), (">", text.hasPrefix("-1"))]
            where other.hasSuffix("y") {
                let members = try Query("Precise where Precise.u \(sign) \(text)", in: table).members(of: store)
                #expect(members.count == (matches ? 8 : 0), "\(sign) \(text)")
            }
        }
    }
}
