package import OrrerySchema
package import OrrerySync

package struct Position: Component, Equatable {
    package var x: Float = 0
    package var y: Float = 0
    package var z: Float = 0

    package init() {}
    package init(x: Float, y: Float = 0) {
        self.x = x
        self.y = y
    }
}

package struct Health: Component, Equatable {
    package var current: Int32 = 100
    package var maximum: Int32 = 100

    package init() {}
    package init(current: Int32, maximum: Int32 = 100) {
        self.current = current
        self.maximum = maximum
    }
}

package struct Frozen: Component, Equatable {
    package init() {}
}

package struct Label: Component, Codable, Equatable {
    package var text = ""
    package var tags: Set<Int32> = []

    package init() {}
    package init(text: String, tags: Set<Int32> = []) {
        self.text = text
        self.tags = tags
    }
}

/// What clients write: each effect leaves a trace of its own, so that effects can be counted.
package struct Tally: Component, Equatable {
    package var mutation: Int64 = 0
    /// What a mutation that does not name it leaves, or has made anew.
    package var weight: Int32 = 7

    package init() {}
    package init(mutation: Int64, weight: Int32 = 7) {
        self.mutation = mutation
        self.weight = weight
    }
}

/// A resource of fixed size, which the world changes.
package struct Weather: Component, Equatable {
    package var wind: Int32 = 0
    /// An entity, so that it refers to one as components do.
    package var over = Entity.none

    package init() {}
    package init(wind: Int32, over: Entity) {
        self.wind = wind
        self.over = over
    }
}

/// A resource of varying size, which clients write and the world takes away.
package struct Log: Component, Codable, Equatable {
    package var last: Int64 = 0
    package var lines: [String] = []

    package init() {}
}

/// Registered with the world, never with the server.
package struct Hidden: Component {
    package var secret = 0

    package init() {}
    package init(secret: Int) { self.secret = secret }
}

/// Names an entity, which may be dead, or hidden from a client.
package struct Target: Component, Equatable {
    package var entity = Entity.none

    package init() {}
    package init(_ entity: Entity) { self.entity = entity }
}

/// Restricts its entity to some clients, unless it is at the edge.
package struct Owner: Component, Equatable {
    package var number: UInt32 = 0

    /// One whom no client sees.
    package static let nobody = Owner(number: 100)
    /// The place of the edge.
    package static let edgePlace: Float = 3
    /// The first bytes of a position at the edge.
    package static let edge = withUnsafeBytes(of: edgePlace.bitPattern.littleEndian) { Array($0) }

    package init() {}
    package init(number: UInt32) { self.number = number }
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 4 else { return nil }
        number = bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    package func isShown(to client: ClientID, isAtEdge: Bool) -> Bool {
        self != .nobody && (isAtEdge || client.rawValue % 3 == number)
    }
}

package let componentNames = ["Position", "Health", "Frozen", "Label", "Tally", "Target", "Owner"]
