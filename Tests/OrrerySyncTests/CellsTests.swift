import OrrerySchema
import OrreryStore
import Testing

@testable import OrrerySync

/// What plain queries show together, held against a count of each.
@Suite struct CellsTests {
    @Test(arguments: 0..<50 as Range<UInt64>)
    func countsAreThoseOfTheQueries(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var (counts, queries) = (CellCounts(), [Cells]())
        for _ in 0..<100 {
            if queries.isEmpty || Bool.random(using: &generator) {
                let query = Cells(
                    everyEntity: Int.random(in: 0..<4, using: &generator) == 0,
                    columns: (0..<5).filter { _ in Bool.random(using: &generator) }.map { ColumnID($0) })
                queries.append(query)
                counts.add(query)
            } else {
                counts.remove(queries.remove(at: Int.random(in: queries.indices, using: &generator)))
            }
            let expected = Cells(
                everyEntity: queries.contains(where: \.everyEntity),
                columns: Set(queries.flatMap(\.columns)).sorted())
            #expect(counts.cells == expected, "seed \(seed)")
        }
    }

    @Test func whatIsNewIsWhatTheOthersLack() {
        let left = Cells(everyEntity: true, columns: [ColumnID(1), ColumnID(3)])
        let right = Cells(columns: [ColumnID(3), ColumnID(4)])
        #expect(left.subtracting(right) == Cells(everyEntity: true, columns: [ColumnID(1)]))
        #expect(right.subtracting(left) == Cells(columns: [ColumnID(4)]))
        #expect(left.subtracting(left).isEmpty)
    }
}
