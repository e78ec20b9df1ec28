import OrrerySchema
import OrreryStore
import Testing

/// A row set is a set of numbers, whatever its pages and words look like.
@Suite struct RowSetTests {
    /// Rows of one shape: a few, many, dense stretches, over one page or several.
    private static func rows(_ generator: inout SeededGenerator) -> Set<UInt32> {
        let bound = UInt32([64, 1024, 5000, 300_000].randomElement(using: &generator)!)
        var rows: Set<UInt32> = []
        for _ in 0..<Int.random(in: 0...8, using: &generator) {
            let start = UInt32.random(in: 0..<bound, using: &generator)
            let length = generator.oneIn(2) ? 1 : UInt32.random(in: 1...200, using: &generator)
            rows.formUnion(start..<start + length)
        }
        return rows
    }

    private func expect(_ set: RowSet, is rows: Set<UInt32>) {
        let sorted = rows.sorted()
        #expect(set.indexes == sorted)
        #expect(set.count == sorted.count)
        #expect(set.isEmpty == sorted.isEmpty)
        #expect(set.first == sorted.first)
        #expect(set.last == sorted.last)
        #expect(set == RowSet(rows))
        var fromRuns: [UInt32] = []
        set.forEachRun { first, count in
            #expect(count > 0 && first / 64 == (first + UInt32(count) - 1) / 64)
            if let last = fromRuns.last, last + 1 == first { #expect(first % 64 == 0) }
            fromRuns += first..<first + UInt32(count)
        }
        #expect(fromRuns == sorted)
        var fromWords: [UInt32] = []
        set.forEachWord { first, bits in
            #expect(first % 64 == 0 && bits != 0)
            fromWords += (0..<64).filter { bits & (1 << UInt64($0)) != 0 }.map { first + $0 }
        }
        #expect(fromWords == sorted)
        // No page without rows: else two sets of the same rows would differ.
        #expect(set.pages == Set(sorted.map { $0 / UInt32(RowSet.pageRows) }).sorted())
    }

    @Test(arguments: seeds(200))
    func itIsTheSetOfItsRows(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let (left, right) = (Self.rows(&generator), Self.rows(&generator))
        let (leftSet, rightSet) = (RowSet(left), RowSet(right.shuffled(using: &generator)))
        expect(leftSet, is: left)
        expect(rightSet, is: right)
        expect(leftSet.union(rightSet), is: left.union(right))
        expect(leftSet.subtracting(rightSet), is: left.subtracting(right))
        expect(leftSet.subtracting(leftSet), is: [])
        expect(leftSet.intersection(rightSet), is: left.intersection(right))
        expect(leftSet.intersection(RowSet()), is: [])
        expect(leftSet.union(RowSet()), is: left)
        expect(RowSet().union(leftSet), is: left)
        if left.count >= 2 {
            let sorted = left.sorted()
            let halves = leftSet.halves
            #expect(halves.count == 2)
            expect(halves[0], is: Set(sorted[..<(sorted.count / 2)]))
            expect(halves[1], is: Set(sorted[(sorted.count / 2)...]))
        }
    }

    @Test(arguments: seeds(50))
    func rowsAreAddedOneByOneOrAWordAtATime(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let rows = Self.rows(&generator)
        var byWord = RowSet()
        byWord.append(word: 0, at: 3, page: 9)
        for start in Set(rows.map { $0 / 64 }).sorted() {
            let bits = (0..<64).reduce(UInt64(0)) {
                $0 | (rows.contains(start * 64 + UInt32($1)) ? 1 << UInt64($1) : 0)
            }
            byWord.append(word: bits, at: Int(start % 16), page: start / 16)
            // Again: rows that are there are not counted twice.
            byWord.append(word: bits, at: Int(start % 16), page: start / 16)
        }
        expect(byWord, is: rows)
        byWord.removeAll()
        expect(byWord, is: [])
        // Within the newest page the order is free.
        byWord.append(1030)
        byWord.append(1025)
        byWord.append(1030)
        expect(byWord, is: [1025, 1030])
    }

    @Test func theLastRowOfAllIsARowToo() {
        expect(RowSet([UInt32.max - 64, UInt32.max - 1]), is: [UInt32.max - 64, UInt32.max - 1])
        var runs = 0
        RowSet([UInt32.max]).forEachRun { first, count in
            #expect(first == .max && count == 1)
            runs += 1
        }
        #expect(runs == 1)
    }
}
