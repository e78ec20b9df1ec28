package import OrrerySchema
package import OrreryStore

/// The cells that a subscription asks for: some components, of all entities or of some.
package struct Selection: Hashable, Sendable {
    package enum Entities: Hashable, Sendable {
        case all
        /// Only these entities, never later ones in the same slots. Ascending, each index once.
        case listed([Entity])

        package static func one(_ entity: Entity) -> Entities { .listed([entity]) }
    }

    package enum Components: Hashable, Sendable {
        /// Every component, and the existence of entities that have none.
        case all
        /// Ascending, without repetition.
        case some([ColumnID])
    }

    package var entities: Entities
    package var components: Components

    package init(entities: Entities = .all, components: Components = .all) {
        self.entities =
            switch entities {
            case .all: .all
            case .listed(let list): .listed(Self.ascending(list))
            }
        self.components =
            switch components {
            case .all: .all
            case .some(let columns): .some(Set(columns).sorted())
            }
    }

    /// The number of entities that it lists.
    package var listedCount: Int { if case .listed(let entities) = entities { entities.count } else { 0 } }

    /// Sorts entities. Of two entities with one index, the newer one stays: the other is gone.
    private static func ascending(_ entities: [Entity]) -> [Entity] {
        entities.sorted().reversed().reduce(into: []) { result, entity in
            if result.last?.index != entity.index { result.append(entity) }
        }.reversed()
    }
}

private enum SelectionSection {
    static let entities: UInt8 = 1
    static let components: UInt8 = 2
}

extension ByteWriter {
    /// Writes the sections of a subscription.
    mutating func append(_ selection: Selection) {
        if case .listed(let entities) = selection.entities {
            appendSection(SelectionSection.entities | SectionKind.mustBeUnderstood) { writer in
                guard !entities.isEmpty else { return }
                writer.append(RowsOnWire(RowSet(entities.map(\.index))))
                for entity in entities { writer.append(integer: entity.generation) }
            }
        }
        if case .some(let columns) = selection.components {
            appendSection(SelectionSection.components | SectionKind.mustBeUnderstood) { writer in
                writer.append(varint: columns.count)
                for column in columns { writer.append(varint: column.rawValue) }
            }
        }
    }
}

extension ByteReader {
    /// Reads the sections of a subscription.
    /// - Returns: The selection, and the number of a section that must be understood but is unknown.
    mutating func readSelection(limits: WireLimits) throws(CodecError) -> (Selection, notUnderstood: UInt8?) {
        var selection = Selection()
        let notUnderstood = try readSections { (number, content) throws(CodecError) in
            switch number {
            case SelectionSection.entities:
                selection.entities = .listed(content.isAtEnd ? [] : try content.readEntities(limits: limits))
            case SelectionSection.components:
                let count = try content.readCount(max: limits.componentCountMax, "the components of a subscription")
                guard count > 0 else {
                    throw CodecError(.outOfDomain, at: content.offset, "no component is asked for")
                }
                selection.components = .some(
                    try content.readAscending(
                        max: limits.componentCountMax - 1, count: count, "a component's number"
                    ).map(ColumnID.init))
            default: return false
            }
            return true
        }
        return (selection, notUnderstood)
    }

    private mutating func readEntities(limits: WireLimits) throws(CodecError) -> [Entity] {
        let rows = try readRows(
            indexMax: limits.entityIndexMax, countMax: limits.selectionEntityCountMax,
            "selectionEntityCountMax, the entities of a subscription")
        var entities: [Entity] = []
        for index in rows.indexes { entities.append(Entity(index: index, generation: try read(UInt32.self))) }
        return entities
    }
}
