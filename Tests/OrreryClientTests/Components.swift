import OrreryECS
import OrrerySchema

struct Position: Component, Equatable { var x: Float = 0, y: Float = 0, z: Float = 0 }
struct Health: Component, Equatable { var current: Int32 = 100, maximum: Int32 = 100 }
struct Label: Component, Codable, Equatable { var text = "" }
