import Foundation
public import OrreryECS
public import OrreryServer

/// A square on which thousands walk, each straight on until it comes to the edge.
public enum CrowdWorld {
    /// The length of its sides, in metres.
    public static let side: Float = 1000
    /// How far a walker sees: of ten thousand, about a hundred are within this distance.
    public static let sight = 56.0

    /// Walkers that are spread evenly, with speeds of 10 to 30 metres per second in all directions.
    public static func make(walkers count: Int) -> World {
        let world = World()
        for number in 0..<count {
            // Multiples of these four numbers fill places, directions and speeds together, without gaps and clusters.
            // Source: Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018.
            let (direction, speed) = (
                share(number, of: 0.6287067210) * 2 * .pi, 10 + 20 * share(number, of: 0.5385972572)
            )
            var position = Position()
            position.x = side * share(number, of: 0.8566748839)
            position.y = side * share(number, of: 0.7338918566)
            position.heading = direction
            world.spawn(position, Velocity(x: speed * cos(direction), y: speed * sin(direction)), Turns())
        }
        return world
    }

    private static func share(_ number: Int, of step: Double) -> Float {
        let product = Double(number) * step
        return Float(product - product.rounded(.down))
    }

    /// Adds what moves the walkers.
    public static func addSystems(to schedule: inout Schedule) {
        schedule.add("walk", in: .update, Write<Position>.self, Read<Velocity>.self) { walkers, tick in
            let time = Float(tick.seconds)
            walkers.forEach { position, velocity in
                position.x += velocity.x * time
                position.y += velocity.y * time
            }
        }
        schedule.add(
            "turn", in: .update, .query(Read<Position>.self), .accessor(Position.self), .accessor(Velocity.self),
            .accessor(Turns.self)
        ) { walkers, positions, velocities, turns, _ in
            walkers.forEachEntity { walker, position in
                guard !(0...side).contains(position.x) || !(0...side).contains(position.y) else { return }
                // Back towards the middle. Every walker has all three.
                let (dx, dy) = (side / 2 - position.x, side / 2 - position.y)
                try? velocities.update(walker) { velocity in
                    if velocity.x * dx < 0, !(0...side).contains(position.x) { velocity.x = -velocity.x }
                    if velocity.y * dy < 0, !(0...side).contains(position.y) { velocity.y = -velocity.y }
                    let heading = atan2(velocity.y, velocity.x)
                    try? positions.update(walker) { $0.heading = heading }
                }
                try? turns.update(walker) { $0.count += 1 }
            }
        }
    }

    /// What clients see, and by what they find it.
    public static func register(in sync: inout SyncRegistry) throws {
        try sync.register(Position.self, spatial: .grid(cellSize: 60))
        try sync.register(Turns.self, ordered: \.count)
    }
}
