import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

/// Fast evaluation over bytes has the answers of slow evaluation over values.
@Suite struct RandomQueryTests {
    @Test(arguments: seeds(40))
    func aQueryHasTheMembersThatTheRulesGive(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let world = RandomWorld(&generator)
        let models = ModelGenerator(world, &generator)
        var rangeCount = 0
        for number in 0..<60 {
            let model = models.query(&generator)
            var writer = ModelWriter(generator: SeededGenerator(seed: seed, path: UInt64(number)))
            let text = writer.text(of: model)
            let query = try Query(text, in: world.store.table)
            let expected = ModelEvaluator(world: world).members(of: model)
            let members = query.members(of: world.store)
            #expect(
                members.indexes.compactMap { world.store.entity(at: $0) } == expected,
                "seed \(seed): \(text)\n= \(query.text(in: world.store.table))")
            for entity in world.entities {
                #expect(
                    query.isMember(entity, of: world.store) == expected.contains(entity),
                    "seed \(seed): \(entity) in \(text)")
            }
            for entity in world.values.keys {
                #expect(
                    query.shownColumns(of: entity, in: world.store).map(\.rawValue)
                        == ModelEvaluator(world: world).shown(of: entity, in: model), "seed \(seed): \(text)")
            }
            if let ranges = query.keyRanges {
                rangeCount += ranges.count
                for entity in expected {
                    #expect(
                        ranges.contains { $0.keys.contains($0.field.key(of: entity.index, in: world.store)) },
                        "seed \(seed): who matches \(text) is in one of its ranges")
                }
            }
            let some = RowSet(world.entities.map(\.index).filter { $0 < 1 << 30 && Bool.random(using: &generator) })
            #expect(
                query.members(of: world.store, among: some) == members.intersection(some), "seed \(seed): \(text)")
        }
        #expect(rangeCount > 0, "some are found by a field")
    }
}
