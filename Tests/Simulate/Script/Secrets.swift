import OrreryECS
import OrrerySchema
import OrreryServer

/// Entities that no client may see. A seed of their own decides about all of them: what they have, whom they name, and
/// who names them. They live as long as the world, so that others get the same indexes whatever the seed.
struct Secrets {
    /// How many there are, at the first indexes of a world.
    static let count = 6
    private static let groups = VisibilityGroups(rawValue: 1 << 5)

    private var generator: SeededGenerator
    private var entities: [Entity] = []

    init(_ seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    /// - Precondition: Nothing was spawned in the world before.
    mutating func spawn(in world: World) {
        // A rule hides all of them; some are in no group that anybody sees, either.
        entities = (0..<Self.count).map {
            $0 < Self.count / 2
                ? world.spawn(Position(), Owner.nobody, Self.groups) : world.spawn(Position(), Owner.nobody)
        }
    }

    mutating func change(in world: World) {
        for entity in entities {
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: _ = try? world.remove(Health.self, from: entity)
            case 1: _ = try? world.insert(Position(x: .random(in: 0...3, using: &generator)), on: entity)
            case 2: _ = try? world.remove(Position.self, from: entity)
            case 3: _ = try? world.insert(Health(current: .random(in: 0...9, using: &generator)), on: entity)
            case 4: _ = try? world.insert(Target(name()), on: entity)
            case 5:
                _ = try? world.insert(Label(text: "secret", tags: [.random(in: 0...5, using: &generator)]), on: entity)
            default: break
            }
        }
    }

    /// One of them, dead or alive, or nobody.
    mutating func name() -> Entity {
        let index = UInt32.random(in: 0..<UInt32(Self.count) + 2, using: &generator)
        return index < Self.count ? Entity(index: index, generation: .random(in: 1...4, using: &generator)) : .none
    }
}
