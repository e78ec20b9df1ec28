import OrrerySchema

struct Position: Component, Hashable {
    var x: Float = 0
    var y: Float = 0
    var z: Float = 0
}

struct Velocity: Component, Hashable {
    var x: Float = 0
    var y: Float = 0
    var z: Float = 0
}

struct Health: Component, Hashable {
    var current: Int32 = 100
}

struct Mass: Component, Hashable {
    var kilograms: Double = 1
}

struct Label: Component, Hashable {
    var text = ""
}

struct Frozen: Component, Hashable {}

/// A component whose values are counted as they are made and destroyed.
struct Counted: Component {
    let life: Life

    init() { self.init(Ledger()) }

    init(_ ledger: Ledger) {
        life = Life(ledger)
    }

    /// How many lives there are. Guard: a ledger is used by one test, on one thread.
    final class Ledger: @unchecked Sendable {
        var living = 0
    }

    final class Life: Sendable {
        let ledger: Ledger

        init(_ ledger: Ledger) {
            self.ledger = ledger
            ledger.living += 1
        }

        deinit { ledger.living -= 1 }
    }
}

/// A component that comes and goes often.
struct Burning: Component, Hashable {
    var seconds: Float = 0
    static var storage: ComponentStorage { .sparse }
}

/// One whose values are references inside.
struct Note: Component, Hashable {
    var text = ""
    static var storage: ComponentStorage { .sparse }
}

/// A tag in a set of its own.
struct Selected: Component, Hashable {
    static var storage: ComponentStorage { .sparse }
}
