import OrreryECS
import OrrerySchema
import Synchronization

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

/// A component whose values are counted as they are made and destroyed. Equal is what is the same life.
struct Counted: Component, Hashable {
    let life: Life

    init() { self.init(Ledger()) }

    init(_ ledger: Ledger) {
        life = Life(ledger)
    }

    /// How many lives there are, on all threads.
    final class Ledger: Sendable {
        private let count = Atomic(0)

        var living: Int { count.load(ordering: .relaxed) }

        fileprivate func add(_ change: Int) { count.wrappingAdd(change, ordering: .relaxed) }
    }

    final class Life: Sendable, Hashable {
        let ledger: Ledger

        init(_ ledger: Ledger) {
            self.ledger = ledger
            ledger.add(1)
        }

        deinit { ledger.add(-1) }

        static func == (left: Life, right: Life) -> Bool { left === right }
        func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
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

/// The same in a set of its own.
struct Kept: Component, Hashable {
    var life: Counted.Life?
    static var storage: ComponentStorage { .sparse }
}

/// A relation that ends with its target.
struct Aim: Relation, Hashable {
    var target = Entity.none
}

/// A relation that is equal to all that are as strong, wherever they point.
struct Lock: Relation, Hashable {
    var target = Entity.none
    var power: Int32 = 1

    static func == (left: Lock, right: Lock) -> Bool { left.power == right.power }
    func hash(into hasher: inout Hasher) { hasher.combine(power) }
}

/// A relation that outlives its target, in a set of its own.
struct Memory: Relation, Hashable {
    var target = Entity.none
    static var storage: ComponentStorage { .sparse }
    static var whenTargetDespawns: TargetDespawn { .isIgnored }
}
