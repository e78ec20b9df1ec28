import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

/// A store by chance, and what a batch about all of it says.
struct RandomWorld {
    /// What the sections of a batch say together, in whatever pieces.
    struct Content: Equatable {
        var despawned: [UInt32] = []
        var left: [UInt32] = []
        var joined: [UInt32] = []
        var removed: [UInt32] = []
        var entered: [Entity] = []
        var values: [ColumnID: [UInt32: [UInt8]]] = [:]

        static let query = QueryNumber(300)

        mutating func add(_ section: SectionCopy) {
            switch section {
            case .started, .restarted, .table, .schema, .extent, .centre: break
            case .despawn(let rows): despawned += rows
            case .left(Self.query, let rows): left += rows
            case .joined(Self.query, let rows): joined += rows
            case .left, .joined: Issue.record("of another query")
            case .enter(let entities, _): entered += entities
            case .remove(_, let rows): removed += rows
            case .values(let column, let rows, let values, _):
                for (row, value) in zip(rows, values) { self.values[column, default: [:]][row] = value }
            }
        }
    }

    let store: ComponentStore
    private(set) var content = Content()
    var empty: Content { Content() }

    init(_ generator: inout SeededGenerator, schemas: [ComponentSchema]) {
        store = ComponentStore(schemas: schemas)
        store.advance(to: Tick(1))
        let bound = UInt32([50, 3000, 100_000].randomElement(using: &generator)!)
        let rows = { (generator: inout SeededGenerator) -> [UInt32] in
            Set(
                (0..<Int.random(in: 1...300, using: &generator)).map { _ in
                    UInt32.random(in: 0..<bound, using: &generator)
                }
            )
            .sorted()
        }
        content.despawned = rows(&generator)
        content.removed = rows(&generator)
        content.left = rows(&generator)
        content.joined = rows(&generator)
        for index in rows(&generator) {
            let entity = Entity(index: index, generation: UInt32.random(in: 1...UInt32.max, using: &generator))
            store.spawn(entity)
            content.entered.append(entity)
        }
        for column in store.table.columns {
            for row in rows(&generator) {
                let size = store[column].valueSize ?? Int.random(in: 0...300, using: &generator)
                let value = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
                store[column].set(row, to: value, at: store.tick)
                content.values[column, default: [:]][row] = value
            }
        }
    }

    func sections(partSizeMax: Int) -> BatchSections {
        var sections = BatchSections(partSizeMax: partSizeMax)
        sections.append(despawned: RowSet(content.despawned))
        sections.append(left: content.left.sorted(), of: Content.query)
        sections.append(entered: store.entities.rows, spawned: true, of: store)
        sections.append(joined: content.joined.sorted(), of: Content.query)
        sections.append(removed: RowSet(content.removed), from: ColumnID(0))
        for column in store.table.columns {
            let rows = store[column].rows
            // As a set and as a list, which say the same.
            if column.rawValue.isMultiple(of: 2) {
                sections.append(rows, inserted: true, of: column, in: store)
            } else {
                sections.append(inserted: rows.indexes, of: column, in: store)
            }
        }
        return sections
    }
}
