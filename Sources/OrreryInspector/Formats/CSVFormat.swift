package import OrrerySchema
package import OrreryStore

/// Entities as comma-separated values: a header, then one line for each entity. Lines end in a line feed.
///
/// Numbers are exact. A missing component, an absent optional, a reference to no entity, and the entity of a resource
/// are empty cells; an empty string is `""`. Source: RFC 4180 for quotation.
package struct CSVFormat: Sendable {
    package private(set) var undecodable = UndecodableValues()
    private let components: [ShownComponent]
    private var cell: [UInt8] = []

    package init(_ components: [ShownComponent]) {
        self.components = components
    }

    /// `entity,Position.x,…`
    package func appendHeader(to out: inout [UInt8]) {
        out.append(text: "entity")
        for component in components {
            for leaf in component.leaves {
                out.append(UInt8(ascii: ","))
                Self.append(Array(component.title(of: leaf).utf8), to: &out)
            }
        }
        out.append(UInt8(ascii: "\n"))
    }

    package mutating func append(_ entity: Entity, of store: ComponentStore, to out: inout [UInt8]) {
        if entity != .none { out.append(entity: entity) }
        for component in components {
            let isPresent: Void? = store.withValue(of: entity, in: component.column) { value in
                append(value, of: component, entity, to: &out)
            }
            if isPresent == nil { Self.appendEmptyCells(of: component, to: &out) }
        }
        out.append(UInt8(ascii: "\n"))
    }

    private mutating func append(
        _ value: UnsafeRawBufferPointer, of component: ShownComponent, _ entity: Entity, to out: inout [UInt8]
    ) {
        let start = out.count
        do throws(CodecError) {
            var reader = ByteReader(value)
            for leaf in component.leaves {
                out.append(UInt8(ascii: ","))
                cell.removeAll(keepingCapacity: true)
                if try cell.append(leaf: leaf, &reader, .exact) { Self.append(cell, to: &out) }
            }
            try reader.expectEnd()
        } catch {
            out.removeSubrange(start...)
            Self.appendEmptyCells(of: component, to: &out)
            undecodable.note(component.schema, of: entity, error)
        }
    }

    private static func appendEmptyCells(of component: ShownComponent, to out: inout [UInt8]) {
        out.append(contentsOf: repeatElement(UInt8(ascii: ","), count: component.leaves.count))
    }

    /// Appends a cell, quoted if necessary.
    private static func append(_ cell: [UInt8], to out: inout [UInt8]) {
        let special: [UInt8] = [UInt8(ascii: "\""), UInt8(ascii: ","), 0x0a, 0x0d]
        let isPlain = !cell.contains { special.contains($0) }
        guard !isPlain || cell.isEmpty || cell.first == 0x20 || cell.last == 0x20 else {
            out.append(contentsOf: cell)
            return
        }
        out.append(UInt8(ascii: "\""))
        for byte in cell {
            if byte == UInt8(ascii: "\"") { out.append(byte) }
            out.append(byte)
        }
        out.append(UInt8(ascii: "\""))
    }
}
