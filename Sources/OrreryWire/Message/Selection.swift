public import OrrerySchema
public import OrreryStore

/// What a subscription asks for: some components, of all entities or of one.
public struct Selection: Hashable, Sendable {
    public enum Entities: Hashable, Sendable {
        case all
        case one(Entity)
    }

    public enum Components: Hashable, Sendable {
        /// Every component, and the coming and going of entities that have none.
        case all
        /// Ascending, without repetition.
        case some([ColumnID])
    }

    public var entities: Entities
    public var components: Components

    public init(entities: Entities = .all, components: Components = .all) {
        self.entities = entities
        if case .some(let columns) = components {
            self.components = .some(Set(columns).sorted())
        } else {
            self.components = components
        }
    }
}

extension ByteWriter {
    mutating func append(_ selection: Selection) {
        switch selection.entities {
        case .all: append(0)
        case .one(let entity):
            append(1)
            append(entity)
        }
        switch selection.components {
        case .all: append(0)
        case .some(let columns):
            append(1)
            append(varint: columns.count)
            for column in columns { append(varint: column.rawValue) }
        }
    }
}

extension ByteReader {
    mutating func readSelection(limits: WireLimits) throws(CodecError) -> Selection {
        let entities: Selection.Entities
        switch try readByte() {
        case 0: entities = .all
        case 1: entities = .one(try readEntity())
        case let kind: throw CodecError(.outOfDomain, at: offset - 1, "\(kind) is no selection of entities")
        }
        switch try readByte() {
        case 0: return Selection(entities: entities)
        case 1:
            var columns: [ColumnID] = []
            for _ in 0..<(try readCount(max: limits.componentCountMax, "the components of a subscription")) {
                let column = ColumnID(try readCount(max: limits.componentCountMax - 1, "a component's number"))
                guard columns.last.map({ $0 < column }) ?? true else {
                    throw CodecError(.notCanonical, at: offset, "the components of a subscription do not ascend")
                }
                columns.append(column)
            }
            guard !columns.isEmpty else { throw CodecError(.outOfDomain, at: offset, "no component is asked for") }
            return Selection(entities: entities, components: .some(columns))
        case let kind: throw CodecError(.outOfDomain, at: offset - 1, "\(kind) is no selection of components")
        }
    }
}
