package import OrrerySchema
import OrreryStore

/// A query as a client states it: in words, and perhaps with a list of the only entities that it may match.
///
/// Names and entities are not checked: parsing is the server's (``Query`` of OrreryQuery).
package struct QueryRequest: Hashable, Sendable {
    /// A text of the query language; empty for everything of the listed entities.
    package var text: String
    /// The only entities that may match, never later ones in the same slots. Ascending, each index once; `nil` for no
    /// list, which differs from an empty one: that matches nothing.
    package var entities: [Entity]?

    package init(_ text: String, entities: [Entity]? = nil) {
        self.text = text
        self.entities = entities.map(Self.ascending)
    }

    /// Everything, and the existence of entities without components.
    package static var everything: QueryRequest { QueryRequest("*") }

    /// Sorts entities. Of two entities with one index, the newer one stays: the other is gone.
    private static func ascending(_ entities: [Entity]) -> [Entity] {
        entities.sorted().reversed().reduce(into: []) { result, entity in
            if result.last?.index != entity.index { result.append(entity) }
        }.reversed()
    }
}

private enum QuerySection {
    static let entities: UInt8 = 1
    static let text: UInt8 = 2
}

extension ByteWriter {
    /// Writes the sections of a query.
    mutating func append(_ request: QueryRequest) {
        if let entities = request.entities {
            appendSection(QuerySection.entities | SectionKind.mustBeUnderstood) { writer in
                guard !entities.isEmpty else { return }
                writer.append(RowsOnWire(RowSet(entities.map(\.index))))
                for entity in entities { writer.append(integer: entity.generation) }
            }
        }
        if !request.text.isEmpty {
            // As it is written, in no normal form: columns of errors count its scalars.
            appendSection(QuerySection.text | SectionKind.mustBeUnderstood) {
                $0.append(contentsOf: Array(request.text.utf8))
            }
        }
    }
}

extension ByteReader {
    /// Reads the sections of a query.
    /// - Parameter other: Reads a section that comes beside those of a query, and returns whether it knows the number.
    /// - Returns: The query, and the number of a section that must be understood but is unknown.
    mutating func readQuery(
        limits: WireLimits, other: (UInt8, inout ByteReader) throws(CodecError) -> Bool = { _, _ in false }
    ) throws(CodecError) -> (QueryRequest, notUnderstood: UInt8?) {
        var request = QueryRequest("")
        let notUnderstood = try readSections { (number, content) throws(CodecError) in
            switch number {
            case QuerySection.entities:
                request.entities = content.isAtEnd ? [] : try content.readEntities(limits: limits)
            case QuerySection.text:
                let start = content.offset
                guard let text = String(validating: try content.readBytes(content.remaining), as: UTF8.self) else {
                    throw CodecError(.outOfDomain, at: start, "the text of a query is not UTF-8")
                }
                request.text = text
            default: return try other(number, &content)
            }
            return true
        }
        return (request, notUnderstood)
    }

    private mutating func readEntities(limits: WireLimits) throws(CodecError) -> [Entity] {
        let rows = try readRows(
            indexMax: limits.entityIndexMax, countMax: limits.queryEntityCountMax,
            "queryEntityCountMax, the entities of a query")
        var entities: [Entity] = []
        for index in rows.indexes { entities.append(Entity(index: index, generation: try read(UInt32.self))) }
        return entities
    }
}
