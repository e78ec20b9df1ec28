import OrrerySchema
import OrreryStore
import OrreryWire

extension ClientMessage {
    init(_ bytes: [UInt8], limits: WireLimits = WireLimits()) throws(WireError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(WireError) in try ClientMessage(decoding: buffer, limits: limits) }
        }
        self = try result.get()
    }
}

extension ServerMessage {
    init(_ bytes: [UInt8], limits: WireLimits = WireLimits()) throws(WireError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(WireError) in try ServerMessage(decoding: buffer, limits: limits) }
        }
        self = try result.get()
    }
}

/// A section of a batch with its values copied, so that it can be compared and kept.
enum SectionCopy: Equatable {
    case table(removed: [ColumnID], added: [ComponentTable.Entry])
    case schema(EncodedSchema)
    case started([SubscriptionID])
    case despawn([UInt32])
    case left(QueryNumber, [UInt32])
    case restarted(QueryNumber)
    case joined(QueryNumber, [UInt32])
    case extent(QueryNumber, Extent)
    case centre(QueryNumber, isLost: Bool)
    case enter([Entity], spawned: Bool)
    case remove(ColumnID, [UInt32])
    case values(ColumnID, [UInt32], [[UInt8]], inserted: Bool)

    init(_ section: BatchSection) {
        switch section {
        case .table(let removed, let added): self = .table(removed: removed, added: added)
        case .schema(let schema): self = .schema(schema)
        case .started(let ids): self = .started(ids)
        case .despawn(let rows): self = .despawn(rows.indexes)
        case .left(let query, let rows): self = .left(query, rows.indexes)
        case .restarted(let query): self = .restarted(query)
        case .joined(let query, let rows): self = .joined(query, rows.indexes)
        case .extent(let query, let extent): self = .extent(query, extent)
        case .centre(let query, let isLost): self = .centre(query, isLost: isLost)
        case .enter(let rows, let generations, let spawned):
            let entities = rows.indexes.enumerated().map { position, index in
                Entity(
                    index: index,
                    generation: UInt32(
                        littleEndian: generations.loadUnaligned(fromByteOffset: position * 4, as: UInt32.self)))
            }
            self = .enter(entities, spawned: spawned)
        case .remove(let column, let rows): self = .remove(column, rows.indexes)
        case .values(let column, let rows, let values, let inserted):
            self = .values(column, rows.indexes, (0..<rows.count).map { Array(values[$0]) }, inserted: inserted)
        }
    }
}

/// The head and all sections of one message of a batch.
struct BatchCopy: Equatable {
    var head: BatchHead
    var sections: [SectionCopy] = []

    init(_ bytes: [UInt8], schemas: [ComponentSchema], limits: WireLimits = WireLimits()) throws(WireError) {
        try self.init(bytes, table: ComponentTable(schemas), limits: limits)
    }

    /// - Parameter table: that before the batch; what the batch changes in it holds from there on.
    init(_ bytes: [UInt8], table: ComponentTable, limits: WireLimits = WireLimits()) throws(WireError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(WireError) -> (BatchHead, [SectionCopy]) in
                var table = table
                var reader = try BatchReader(buffer, limits: limits)
                var sections: [SectionCopy] = []
                while let section = try reader.next(table) {
                    sections.append(SectionCopy(section))
                    if case .table(let removed, let added) = section {
                        let gone = Set(removed + added.map(\.column))
                        let rest = table.entries.filter { !gone.contains($0.column) }
                        table = ComponentTable((rest + added).sorted { $0.column < $1.column })
                    }
                }
                return (reader.head, sections)
            }
        }
        (head, sections) = try result.get()
    }
}

/// The entities and values of one message of an answer.
struct AnswerCopy: Equatable {
    var sections: [SectionCopy] = []

    init(_ bytes: [UInt8], schemas: [ComponentSchema], limits: WireLimits = WireLimits()) throws(WireError) {
        let table = ComponentTable(schemas)
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(WireError) in
                var reader = try AnswerReader(buffer, limits: limits)
                var sections: [SectionCopy] = []
                while let section = try reader.next(table) { sections.append(SectionCopy(section)) }
                return sections
            }
        }
        sections = try result.get()
    }
}

/// The components of the golden batches.
enum Golden {
    static let position = ColumnID(0)
    static let label = ColumnID(1)
    static let frozen = ColumnID(2)

    static var schemas: [ComponentSchema] {
        get throws {
            let metres = { (name: String) in Field(name, .scalar(.float), unit: "m") }
            return [
                try ComponentSchema(name: "Position", type: .structure([metres("x"), metres("y")])),
                try ComponentSchema(name: "Label", type: .structure([Field("text", .string)])),
                try ComponentSchema(name: "Frozen", type: .structure([])),
            ]
        }
    }

    static func position(_ x: Float, _ y: Float) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(integer: x.bitPattern)
        writer.append(integer: y.bitPattern)
        return writer.bytes
    }

    static func label(_ text: String) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(string: text)
        return writer.bytes
    }
}
