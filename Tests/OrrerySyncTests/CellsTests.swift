import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

@testable import OrrerySync

/// What queries show together, counted in one way on both sides.
@Suite struct CellsTests {
    private let table: ComponentTable

    /// Components 0, 1, 5 and 9.
    init() throws {
        table = ComponentTable(
            try [0, 1, 5, 9].map { .init(ColumnID($0), try ComponentSchema(name: "C\($0)", type: .string)) })
    }

    private func entity(_ index: UInt32) -> Entity { Entity(index: index, generation: 1) }

    private func cells(_ selections: [Selection]) -> Cells {
        CellCounts(selections.map { Cells(of: $0, in: table) }).cells
    }

    @Test func componentsThatAreNotInTheTableShowNothing() {
        let shown = cells([Selection(components: .some([ColumnID(1), ColumnID(2)]))])
        #expect(shown.columns == [ColumnID(1)])
        #expect(!shown.everyEntity)
        #expect(cells([Selection(components: .some([ColumnID(2)]))]).isEmpty)
    }

    @Test func allComponentsOfAllEntitiesShowEntitiesWithoutAny() {
        let shown = cells([Selection()])
        #expect(shown.everyEntity && shown.columns == table.columns && shown.listed.isEmpty)
        #expect(shown.coversExistence(of: entity(3)))
        #expect(!cells([Selection(components: .some(table.columns))]).coversExistence(of: entity(3)))
    }

    @Test func aListOfNoEntitiesShowsNothing() {
        #expect(cells([Selection(entities: .listed([]))]).isEmpty)
    }

    @Test func whatIsListedTwiceIsShownOnce() {
        let shown = cells([
            Selection(entities: .listed([entity(1), entity(2)]), components: .some([ColumnID(0), ColumnID(1)])),
            Selection(entities: .listed([entity(2), entity(3)]), components: .some([ColumnID(1), ColumnID(5)])),
            Selection(components: .some([ColumnID(0)])),
        ])
        #expect(shown.columns == [ColumnID(0)])
        #expect(
            shown.listed == [
                .init(column: ColumnID(1), entities: [entity(1), entity(2), entity(3)]),
                .init(column: ColumnID(5), entities: [entity(2), entity(3)]),
            ])
        #expect(shown.entities == [entity(1), entity(2), entity(3)])
        #expect(shown.coversExistence(of: entity(1)) && !shown.coversExistence(of: entity(4)))
        #expect(!shown.coversExistence(of: Entity(index: 1, generation: 2)))
        #expect(shown.covers(ColumnID(0), of: entity(9)) && shown.covers(ColumnID(5), of: entity(3)))
        #expect(!shown.covers(ColumnID(5), of: entity(1)))
    }

    private func randomSelection(_ generator: inout SeededGenerator) -> Selection {
        let listed = (0..<UInt32(6)).filter { _ in Bool.random(using: &generator) }.map {
            Entity(index: $0, generation: UInt32.random(in: 1...2, using: &generator))
        }
        let columns = [0, 1, 2, 5, 9].filter { _ in Bool.random(using: &generator) }.map(ColumnID.init)
        return Selection(
            entities: Int.random(in: 0..<3, using: &generator) == 0 ? .all : .listed(listed),
            components: Int.random(in: 0..<3, using: &generator) == 0 ? .all : .some(columns))
    }

    /// Every cell of the table and the entities of ``randomSelection(_:)``; the component `nil` is existence.
    private func all(of cells: Cells) -> Set<Cell> {
        var shown: Set<Cell> = []
        for index in 0..<UInt32(6) {
            for generation in 1...2 as ClosedRange<UInt32> {
                let entity = Entity(index: index, generation: generation)
                if cells.coversExistence(of: entity) { shown.insert(Cell(entity: entity)) }
                for column in table.columns where cells.covers(column, of: entity) {
                    shown.insert(Cell(entity: entity, column: column))
                }
            }
        }
        return shown
    }

    private struct Cell: Hashable {
        var entity: Entity
        var column: ColumnID?
    }

    /// Against the plain meaning, cell by cell.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func aDifferenceIsWhatTheOtherDoesNotShow(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        func some() -> Cells {
            cells((0..<Int.random(in: 0...3, using: &generator)).map { _ in randomSelection(&generator) })
        }
        let (left, right) = (some(), some())
        let difference = left.subtracting(right)
        // All but some cannot be said: a component for all, of which the other shows some, is there for all.
        let whole = left.columns.filter { !right.columns.contains($0) }
        #expect(difference.columns == whole)
        let expected = all(of: left).filter { cell in
            guard let column = cell.column else {
                return left.everyEntity && !right.everyEntity || !all(of: right).contains(cell)
            }
            return whole.contains(column) || !all(of: right).contains(cell)
        }
        #expect(all(of: difference) == expected)
        #expect(left.subtracting(Cells()) == left)
        #expect(left.subtracting(left).isEmpty)
    }

    /// Queries come and go in any order: what is shown is what they show together, and each coming and going tells what
    /// it changes.
    @Test(arguments: 0..<100 as Range<UInt64>)
    func countsFollowComingAndGoing(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var (counts, queries) = (CellCounts(), [Cells]())
        for _ in 0..<60 {
            let before = all(of: counts.cells)
            let isGoing = !queries.isEmpty && Int.random(in: 0..<5, using: &generator) < 2
            let query =
                isGoing
                ? queries.remove(at: Int.random(in: 0..<queries.count, using: &generator))
                : Cells(of: randomSelection(&generator), in: table)
            if !isGoing { queries.append(query) }
            let told = all(of: isGoing ? counts.remove(query) : counts.add(query))
            let after = all(of: counts.cells)
            let changed = isGoing ? before.subtracting(after) : after.subtracting(before)
            // A component for all is told for all.
            #expect(changed.isSubset(of: told), "seed \(seed)")
            #expect(
                told.subtracting(changed).allSatisfy { cell in
                    cell.column.map(query.columns.contains) ?? query.everyEntity
                })
            #expect(counts.cells == CellCounts(queries).cells, "seed \(seed)")
            #expect(after == queries.reduce(into: Set()) { $0.formUnion(all(of: $1)) })
        }
        for query in queries { counts.remove(query) }
        #expect(counts.cells == Cells())
    }
}
