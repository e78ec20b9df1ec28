import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Testing

/// Views that come and go by chance, over lost connections and restarts: what is here is what somebody asks for, no
/// more and no less.
@Suite struct SubscriptionPoolTests {
    /// What a view must show.
    private struct Wish {
        let view: ComponentView<Position>
        /// `nil` for all.
        let entities: Set<Entity>?
        let epoch: Epoch
    }

    @Test(arguments: 0..<30) func whatIsHereIsWhatSomebodyAsksFor(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func chance(_ sides: Int) -> Bool { Int.random(in: 0..<sides, using: &generator) == 0 }
        func number(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &generator) }
        let joined = try JoinedWorld { sync in
            try sync.register(Position.self)
            try sync.register(Health.self)
        }
        var alive = (0..<40).map { joined.world.spawn(Position(x: Float($0)), Health()) }
        joined.tick()
        let client = try joined.connect()
        let connection = client.connection
        var wishes: [Wish] = []
        for step in 0..<60 {
            switch number(0...9) {
            case 0...3:
                let chosen: Set<Entity>? =
                    chance(6)
                    ? nil : Set((0..<number(1...8)).compactMap { _ in alive.randomElement(using: &generator) })
                let view: ComponentView<Position>? = try joined.run {
                    // Where they die, or the world begins anew, while it is on its way, it is refused.
                    if let chosen { return try? await connection.view(of: Position.self, for: chosen) }
                    return try await connection.view(of: Position.self)
                }
                if let view { wishes.append(Wish(view: view, entities: chosen, epoch: connection.epoch)) }
            case 4, 5:
                guard let position = wishes.indices.randomElement(using: &generator) else { continue }
                let wish = wishes.remove(at: position)
                if chance(2) { wish.view.cancel() }
            case 6:
                guard let position = alive.indices.randomElement(using: &generator), alive.count > 10 else { continue }
                try joined.world.despawn(alive.remove(at: position))
            case 7: alive.append(joined.world.spawn(Position(x: Float(step))))
            case 8 where chance(2): client.cut(serverNotices: chance(2))
            case 9 where chance(4):
                let next = World()
                alive = (0..<40).map { next.spawn(Position(x: Float($0 + step))) }
                try joined.restart(with: next)
                joined.tick()
            default: joined.tick()
            }
            guard chance(5) || step == 59 else { continue }
            joined.tick()
            for _ in 0..<200 where connection.isStale || connection.epoch != joined.revision.epoch {
                joined.passTime(.milliseconds(100))
                joined.tick()
            }
            for _ in 0..<4 { joined.tick() }
            let shown = Set(alive.filter { joined.world.has(Position.self, on: $0) })
            var wanted: Set<Entity> = []
            for wish in wishes {
                // Names of another life are nobody's here.
                let isOfThisLife = wish.entities == nil || wish.epoch == connection.epoch
                let expected = isOfThisLife ? shown.intersection(wish.entities ?? shown) : []
                wanted.formUnion(expected)
                let isOver = wish.entities != nil && expected.isEmpty
                #expect(
                    (wish.view.end != nil) == isOver, "seed \(seed), step \(step): \(wish.view.end?.message ?? "lasts")"
                )
                guard !isOver else { continue }
                #expect(Set(wish.view.entities) == expected, "seed \(seed), step \(step)")
            }
            wishes.removeAll { $0.view.end != nil }
            let here = Set(client.contents.entities.filter { $0.value["Position"] != nil }.map(\.key))
            #expect(here == wanted, "seed \(seed), step \(step)")
            #expect(client.session.interestCount == wishes.count, "seed \(seed), step \(step)")
            for entity in wanted {
                #expect(connection.withSnapshot { $0[entity, Position.self] } == joined.world[entity, Position.self])
            }
        }
    }
}
