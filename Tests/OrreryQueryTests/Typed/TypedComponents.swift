import OrrerySchema
import OrreryStore

/// Components of the typed queries in the tests: those of docs/QUERIES.md, and others with every kind of field.
struct Body: Component, Codable { var name = "", moons: [String] = [] }
struct Position: Component { var x = 0.0, y = 0.0, z = 0.0 }
struct Health: Component {
    var current: Int32 = 100, maximum: Int32 = 100
    var half: Int32 { current / 2 }
}
struct Target: Component { var entity = Entity.none }
struct Frozen: Component {}

enum Side: UInt8, CaseIterable, Codable { case red, blue, `true` }
struct Team: Component { var side = Side.red, isHome = false, level: UInt8 = 0 }
struct Velocity: Component { var linear = SIMD3<Float>(), spin = 0.0 as Float }
struct Inventory: Component, Codable {
    var items: [String] = [], counts: [String: Int32] = [:], marks: Set<Int16> = []
    var slots: [Int64]?, debts: [Entity: Double]?, sides: [Side?] = []
}
struct Orbit: Component, Codable {
    struct Place: Codable, Equatable { var x = 0.0, y = 0.0, z = 0.0 }
    var period: Double?, leader: Entity? = nil, name: String?
    var place = Place()
    /// Coded under another name, which another property has.
    var old: Int32 = 0, new: Int32 = 0
    enum CodingKeys: String, CodingKey { case period, leader, name, place, old = "new", new = "old" }
}
struct Precise: Component { var d = 0.0, i: Int64 = 0, u: UInt64 = 0 }
enum Mode: UInt8, CaseIterable, Codable, Component {
    case idle, busy
    init() { self = .idle }
}
struct Pair<A: Sendable, B: Sendable>: Component { var first: Int32 = 0 }
/// Its name is that of a field of ``Health``.
struct HealthCurrent: Component {
    var level: Int32 = 0
    static var componentName: String { "Health.current" }
}
/// A closure has no schema.
struct Unreadable: Component { var closure: @Sendable () -> Void = {} }

extension ComponentTable {
    /// A table of all of them but ``HealthCurrent`` and ``Unreadable``.
    static func typed() throws -> ComponentTable {
        ComponentTable([
            try ComponentCoder<Body>().schema, try ComponentCoder<Position>().schema,
            try ComponentCoder<Health>().schema, try ComponentCoder<Target>().schema,
            try ComponentCoder<Frozen>().schema, try ComponentCoder<Team>().schema,
            try ComponentCoder<Velocity>().schema, try ComponentCoder<Inventory>().schema,
            try ComponentCoder<Orbit>().schema, try ComponentCoder<Precise>().schema, try ComponentCoder<Mode>().schema,
            try ComponentCoder<Pair<Int, Double>>().schema,
        ])
    }
}
