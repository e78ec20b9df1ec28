import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

@testable import OrrerySync

/// What selections show together, worked out in one way on both sides.
@Suite struct CoverageTests {
    private let table: ComponentTable

    /// Components 0, 1, 5 and 9.
    init() throws {
        table = ComponentTable(
            try [0, 1, 5, 9].map { .init(ColumnID($0), try ComponentSchema(name: "C\($0)", type: .string)) })
    }

    private func entity(_ index: UInt32) -> Entity { Entity(index: index, generation: 1) }

    private func coverage(_ selections: [Selection]) -> Coverage { Coverage(of: selections, in: table) }

    @Test func componentsThatAreNotInTheTableShowNothing() {
        let shown = coverage([Selection(components: .some([ColumnID(1), ColumnID(2)]))])
        #expect(shown.columns == [ColumnID(1)])
        #expect(!shown.entities)
        #expect(coverage([Selection(components: .some([ColumnID(2)]))]).isEmpty)
    }

    @Test func allComponentsOfAllEntitiesShowEntitiesWithoutAny() {
        let shown = coverage([Selection()])
        #expect(shown.entities && shown.columns == table.columns && shown.singles.isEmpty)
        #expect(shown.coversExistence(of: entity(3)))
        #expect(!coverage([Selection(components: .some(table.columns))]).coversExistence(of: entity(3)))
    }

    @Test func whatIsListedTwiceIsShownOnce() {
        let shown = coverage([
            Selection(entities: .listed([entity(1), entity(2)]), components: .some([ColumnID(0), ColumnID(1)])),
            Selection(entities: .listed([entity(2), entity(3)]), components: .some([ColumnID(1), ColumnID(5)])),
            Selection(components: .some([ColumnID(0)])),
        ])
        #expect(shown.columns == [ColumnID(0)])
        #expect(
            shown.singles == [
                .init(entity: entity(1), columns: [ColumnID(1)]),
                .init(entity: entity(2), columns: [ColumnID(1), ColumnID(5)]),
                .init(entity: entity(3), columns: [ColumnID(1), ColumnID(5)]),
            ])
        #expect(shown.coversExistence(of: entity(1)) && !shown.coversExistence(of: entity(4)))
        #expect(!shown.coversExistence(of: Entity(index: 1, generation: 2)))
        #expect(shown.covers(ColumnID(0), of: entity(9)) && shown.covers(ColumnID(5), of: entity(3)))
        #expect(!shown.covers(ColumnID(5), of: entity(1)))
    }

    /// Against the plain meaning, cell by cell.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func aDifferenceIsWhatTheOtherDoesNotShow(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        func selections() -> [Selection] {
            (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                let listed = (0..<UInt32(4)).filter { _ in Bool.random(using: &generator) }.map(entity)
                let columns = [0, 1, 2, 5, 9].filter { _ in Bool.random(using: &generator) }.map(ColumnID.init)
                return Selection(
                    entities: Bool.random(using: &generator) ? .all : .listed(listed),
                    components: Bool.random(using: &generator) ? .all : .some(columns))
            }
        }
        let (left, right) = (coverage(selections()), coverage(selections()))
        let difference = left.subtracting(right)
        #expect(difference.entities == (left.entities && !right.entities))
        for index in 0..<UInt32(5) {
            for column in table.columns {
                let isShown = left.covers(column, of: entity(index))
                // All but some cannot be said.
                let isBeyond =
                    isShown && (left.columns.contains(column) || !right.covers(column, of: entity(index)))
                    && !right.columns.contains(column)
                #expect(difference.covers(column, of: entity(index)) == isBeyond, "\(column) of \(index)")
            }
            if !left.entities, !right.entities, left.single(entity(index)) != nil, right.single(entity(index)) == nil {
                #expect(difference.single(entity(index)) != nil, "\(index) itself")
            }
        }
        #expect(left.subtracting(Coverage()) == left)
        #expect(left.subtracting(left).isEmpty)
    }
}
