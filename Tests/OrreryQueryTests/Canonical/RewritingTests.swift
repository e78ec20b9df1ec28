import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

@testable import FuzzQueries

/// However a query is written, it is the same query.
@Suite struct RewritingTests {
    @Test(arguments: seeds(20))
    func rewritingsAreEqual(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var schemas = RandomSchemas(generator: SeededGenerator(seed: seed, path: 0))
        let world = RandomWorld(
            &generator, schemas: seed.isMultiple(of: 2) ? RandomWorld.fixedSchemas : schemas.make())
        let models = ModelGenerator(world, &generator)
        for number in 0..<40 {
            let model = models.query(&generator)
            var plainWriter = ModelWriter(schemas: world.schemas, generator: generator, isVaried: false)
            let plain = plainWriter.text(of: model)
            let query = try Query(plain, in: world.store.table)
            var writer = ModelWriter(
                schemas: world.schemas, generator: SeededGenerator(seed: seed, path: UInt64(number)))
            for _ in 0..<4 {
                let text = writer.text(of: model)
                let other = try Query(text, in: world.store.table)
                #expect(other.canonical == query.canonical, "seed \(seed):\n\(plain)\n\(text)")
                #expect(other == query && other.hashValue == query.hashValue)
                #expect(other.nodeCount == query.nodeCount)
            }
            // The canonical text is a text of the same query.
            let text = query.text(in: world.store.table)
            let again = try Query(text, in: world.store.table)
            #expect(again == query, "seed \(seed):\n\(plain)\n\(text)")
            #expect(again.text(in: world.store.table) == text)
        }
    }
}
