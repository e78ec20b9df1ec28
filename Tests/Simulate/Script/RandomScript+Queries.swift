import OrreryQuery
import OrrerySchema
import OrreryWire

/// What clients ask for.
extension RandomScript {
    /// Some components, of all entities or of some; `nil` for none.
    func components() -> QueryRequest? {
        let names = chance(4) ? nil : componentNames.filter { _ in chance(2) }
        guard names != [] else { return nil }
        guard chance(3) else { return QueryRequest(names.map(QueryText.any) ?? "*") }
        return QueryRequest(QueryText.ofListed(names), entities: someEntities(6))
    }

    private func someEntities(_ countMax: Int) -> [Entity] {
        (0..<number(0...countMax)).compactMap { _ in alive.randomElement(using: &generator) }
    }

    /// Any query. There are few of each part, so that clients often ask for the same.
    func randomQuery() -> QueryRequest {
        if chance(5) { return QueryRequest(resourceQuery()) }
        if chance(5) { return QueryRequest(statusQuery()) }
        let entity = alive.randomElement(using: &generator) ?? Entity(index: 0, generation: 1)
        let terms = [
            "*", "Position", "Health", "Position, Health", "Position | Label", "Health, !Frozen",
            "with Position, Label?",
            "Tally, Position?", "*, with Health", "Label", "Frozen, Position?", "*, !Position, Health?",
            "entity \(entity), Position", "entity in (\(entity), 1v1, 2v1, 3v2), Health?", "\(entity)",
        ]
        let text = terms.randomElement(using: &generator) ?? "*"
        let condition = chance(4) ? "" : " where \(condition(depth: 0, entity))"
        let region = chance(2) ? " within \(region(entity)) by Position" : ""
        return QueryRequest(text + region + condition + orderAndWindow(), entities: chance(8) ? someEntities(20) : nil)
    }

    /// Places are whole numbers: with these radii, some are between the one at which somebody enters and the one at
    /// which somebody leaves.
    private func region(_ entity: Entity) -> String {
        let centres = ["(1, 2, 0)", "(0, 0, 0)", "(2, 5, 0)", "\(entity)", "1v1", "2v1"]
        let radius = ["0.95", "1.4", "3", "5"].randomElement(using: &generator) ?? "3"
        let centre = centres.randomElement(using: &generator) ?? "1v1"
        return "\(radius) of \(centre)"
    }

    /// Where a window begins that follows an entity depends on what was: it is not asked for here.
    private func orderAndWindow() -> String {
        guard chance(2) else { return "" }
        let orders = [
            "", " order by Health.current", " order by Health.current desc, Position.x",
            " order by ~Label.text, entity",
            " order by Target.entity desc", " order by length(Position) desc",
            " order by count(Label.tags), Label.text",
        ]
        let windows = ["", " limit 1", " limit 3", " limit 2 offset 1", " limit 1000", " limit 5 offset 3", " count"]
        return (orders.randomElement(using: &generator) ?? "") + (windows.randomElement(using: &generator) ?? "")
    }

    /// What the server shows of itself, which is no query for those who do not see everything.
    private func statusQuery() -> String {
        let texts = [
            "resource orrery.Server", "resource orrery.Server where orrery.Server.entities > \(number(0...9))",
            "orrery.System", "orrery.Session", "orrery.Session where orrery.Session.queries > \(number(0...3))",
            "orrery.Session where orrery.Session.lag = 0", "orrery.Component, !Position", "orrery.Query",
            "orrery.Component where orrery.Component.name ~ \"a\"", "orrery.Session | orrery.Query",
            "orrery.Query order by orrery.Query.members desc, orrery.Query.text limit 2",
            "orrery.Query where ~ \"x\" or orrery.Query.members is nil", "Position, !orrery.Session, orrery.Query?",
        ]
        return texts.randomElement(using: &generator) ?? "orrery.System"
    }

    private func resourceQuery() -> String {
        let entity = alive.randomElement(using: &generator) ?? Entity(index: 0, generation: 1)
        let texts = [
            "resource Weather", "resource Log", "resource Weather where Weather.wind > \(number(0...3))",
            "resource Weather where refers to \(entity)", "resource Log where Log.last > \(number(0...9))",
            "resource Log where ~ \"x\"", "resource Log where count(Log.lines) > 0",
        ]
        return texts.randomElement(using: &generator) ?? "resource Log"
    }

    private func condition(depth: Int, _ entity: Entity) -> String {
        if depth < 2, chance(3) {
            let sign = chance(2) ? "and" : "or"
            return "(\(condition(depth: depth + 1, entity)) \(sign) \(condition(depth: depth + 1, entity)))"
        }
        if depth < 2, chance(5) { return "not (\(condition(depth: depth + 1, entity)))" }
        let simple = [
            "Target.entity = \(entity)", "Target.entity is nil", "refers to \(entity)",
            "Position.x = \(number(0...3))", "Position.x > \(number(0...3))", "Position.y in 1..3",
            "Health.current < \(number(0...9))", "Health.current = Health.maximum", "Label.text ~ \"x\"",
            "count(Label.tags) > 1", "Label.tags has \(number(0...5))", "has Frozen", "entity != \(entity)",
            "Tally.weight = 7", "length(Position) > 1", "~ \"xx\"", "is nan",
        ]
        return simple.randomElement(using: &generator) ?? "has Frozen"
    }
}
