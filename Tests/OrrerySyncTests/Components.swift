import OrrerySchema

struct Position: Component, Equatable { var x: Float = 0, y: Float = 0, z: Float = 0 }
struct Health: Component, Equatable { var current: Int32 = 100, maximum: Int32 = 100 }
struct Frozen: Component, Equatable {}
struct Label: Component, Codable, Equatable {
    var text = ""
    var tags: Set<Int32> = []
}
/// What clients write: each inserts it on an entity of its own making, so that effects can be counted.
struct Tally: Component, Equatable { var effects: Int64 = 0 }
/// Registered with the world, never with the server.
struct Hidden: Component { var secret = 0 }

let componentNames = ["Position", "Health", "Frozen", "Label", "Tally"]
