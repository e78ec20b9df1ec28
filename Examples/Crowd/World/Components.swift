public import OrrerySchema

/// Where a walker is on the square, and where it looks, in metres and radians.
public struct Position: Component {
    public var x: Float = 0
    public var y: Float = 0
    public var heading: Float = 0

    public init() {}
}

/// How often a walker has turned round at the edge of the square.
public struct Turns: Component {
    public var count: Int32 = 0

    public init() {}
}

/// Metres per second. No client sees it.
struct Velocity: Component { var x: Float = 0, y: Float = 0 }
