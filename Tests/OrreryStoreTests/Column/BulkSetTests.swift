import OrrerySchema
import OrreryStore
import Testing

/// Setting many rows at once leaves what setting them one by one leaves.
@Suite struct BulkSetTests {
    @Test(arguments: [0, 1, 4, 7, 8, 12, 13, 16, 24])
    func isAsRowByRow(size: Int) {
        var random = UInt64(size) &* 0x9E37_79B9_7F4A_7C15 | 1
        func next(_ limit: Int) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(random >> 33) % limit
        }
        let (bulk, single) = (Column(valueSize: size), Column(valueSize: size))
        for tick in 1...40 {
            let entities = Self.entities(next)
            // Few different bytes, so that many values are those that the rows have already.
            let values = (0..<entities.count * size).map { _ in UInt8(next(20) / 19) }
            let changed = entities.withUnsafeBufferPointer { entities in
                values.withUnsafeBytes { bulk.set(entities, to: $0, at: Tick(UInt64(tick))) }
            }
            var expected = 0
            for (position, entity) in entities.enumerated() {
                let value = Array(values[position * size..<(position + 1) * size])
                if single.set(entity.index, to: value, at: Tick(UInt64(tick))) { expected += 1 }
            }
            let gone = UInt32(next(3000))
            bulk.remove(gone, at: Tick(UInt64(tick)))
            single.remove(gone, at: Tick(UInt64(tick)))
            #expect(changed == expected, "seed \(size), tick \(tick)")
            #expect(bulk.count == single.count)
            for cursor in [0, tick / 2, tick - 1, tick] {
                let cursor = Tick(UInt64(cursor))
                #expect(bulk.changes(after: cursor) == single.changes(after: cursor), "seed \(size), tick \(tick)")
            }
            #expect(single.rows.indexes.allSatisfy { bulk.value(of: $0) == single.value(of: $0) })
            #expect(single.rows.indexes.allSatisfy { bulk.tick(of: $0) == single.tick(of: $0) })
        }
    }

    /// Runs of rows and single ones, each row once, over several pages, in no order.
    private static func entities(_ next: (Int) -> Int) -> [Entity] {
        var seen: Set<UInt32> = []
        var entities: [Entity] = []
        for _ in 0..<next(8) {
            let first = next(3000)
            for index in first..<first + (next(2) == 0 ? 1 : next(400)) where seen.insert(UInt32(index)).inserted {
                entities.append(Entity(index: UInt32(index), generation: 0))
            }
        }
        return entities
    }
}
