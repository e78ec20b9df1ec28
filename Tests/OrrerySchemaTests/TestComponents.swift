import OrrerySchema

struct Position: Component, Equatable { var x = 0.0, y = 0.0, z = 0.0 }
struct Frozen: Component, Equatable {}
struct Label: Component, Codable, Equatable { var text = "" }

enum Mode: String, CaseIterable, Codable {
    case idle = "waiting"
    case walk, run
}
enum Team: CaseIterable, CustomStringConvertible {
    case red, blue
    var description: String { "a team" }
}

struct Nested: Equatable {
    var flag = false
    var wide: Int64 = 0
}

/// Every kind of bitwise field, with padding between them.
struct Mixed: Component, Equatable {
    var small: UInt8 = 1
    var number = 2
    var direction = SIMD3<Float>(1, 2, 3)
    var alive = true
    var mode = Mode.walk
    var team = Team.blue
    var target = Entity(index: 5, generation: 6)
    var nested = Nested(flag: true, wide: -9)
    var ratio: Float = 0.5
}

enum Order: Codable, Equatable, Sampled {
    case idle
    case move(to: SIMD2<Float>, speed: Float?)
    case follow(Entity)
    static var samples: [Order] { [.idle, .move(to: .zero, speed: 1), .follow(.none)] }
}

/// Every kind of field that needs `Codable`.
struct Inventory: Component, Codable, Equatable {
    var owner = "nobody"
    var slots: [String] = []
    var tags: Set<Int32> = []
    var counts: [String: UInt16] = [:]
    var best: Item?
    var order = Order.idle
    var mode = Mode.idle
    var small: Int8 = -1

    struct Item: Codable, Equatable {
        var name = ""
        var weight: Double?
    }
}

struct Annotated: Component {
    var speed = 0.0
    var inner = Nested()
    static var documentation: String? { "Something that moves." }
    static var annotations: [FieldAnnotation<Annotated>] {
        [
            .init(\.speed, unit: "km/s", range: 0...10, "How fast."),
            .init(\.inner.wide, unit: "m"),
        ]
    }
}
