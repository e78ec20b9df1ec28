package import OrrerySchema
import OrreryStore

/// Changes as lines: JSON for programs, or a sentence for people.
package struct ChangeFormat: Sendable {
    package enum Form: Sendable {
        /// `{"tick":812,"entity":"12v3","change":"set","component":"Position","value":{…}}`
        case json
        /// `tick 812  12v3  set  Position  x=1.5 y=0 z=2`
        case readable
    }

    package private(set) var undecodable = UndecodableValues()
    private let form: Form
    /// The leaves of the components that were shown, by the hash of their schema.
    private var components: [SchemaHash: ShownComponent] = [:]

    package init(_ form: Form) {
        self.form = form
    }

    /// Appends one line.
    package mutating func append(_ change: Change, at tick: Tick, to out: inout [UInt8]) {
        switch form {
        case .json: appendJSON(change, tick, &out)
        case .readable: appendReadable(change, tick, &out)
        }
        out.append(UInt8(ascii: "\n"))
    }

    private mutating func appendJSON(_ change: Change, _ tick: Tick, _ out: inout [UInt8]) {
        out.append(text: "{\"tick\":")
        out.append(decimal: tick.rawValue)
        out.append(text: ",\"entity\":")
        out.append(jsonEntity: change.entity)
        out.append(text: ",\"change\":\"")
        out.append(text: change.cause.rawValue)
        out.append(UInt8(ascii: "\""))
        if let component = change.component {
            out.append(text: ",\"component\":")
            out.append(jsonString: component)
            if let value = change.new, let schema = change.schema {
                out.append(text: ",\"value\":")
                value.withUnsafeBytes { JSONFormat.append($0, of: schema, change.entity, to: &out, &undecodable) }
            }
        }
        out.append(UInt8(ascii: "}"))
    }

    private mutating func appendReadable(_ change: Change, _ tick: Tick, _ out: inout [UInt8]) {
        out.append(text: "tick ")
        out.append(decimal: tick.rawValue)
        out.append(text: "  ")
        out.append(entity: change.entity)
        out.append(text: "  ")
        out.append(text: change.cause.rawValue)
        guard let name = change.component else { return }
        out.append(text: "  ")
        out.append(text: DisplayText.printable(name))
        guard let value = change.new, let schema = change.schema, !schema.isTag else { return }
        let component = component(of: schema)
        out.append(text: "  ")
        let start = out.count
        value.withUnsafeBytes { bytes in
            do throws(CodecError) {
                var reader = ByteReader(bytes)
                for (position, leaf) in component.leaves.enumerated() {
                    if position > 0 { out.append(UInt8(ascii: " ")) }
                    try Self.append(leaf, &reader, &out)
                }
                try reader.expectEnd()
            } catch {
                out.removeSubrange(start...)
                out.append(text: "null")
                undecodable.note(schema, of: change.entity, error)
            }
        }
    }

    private mutating func component(of schema: ComponentSchema) -> ShownComponent {
        if let known = components[schema.hash] { return known }
        let component = ShownComponent(ColumnID(0), schema)
        components[schema.hash] = component
        return component
    }

    /// `x=1.5`; text is quoted if it could be confused with what follows.
    private static func append(_ leaf: Leaf, _ reader: inout ByteReader, _ out: inout [UInt8]) throws(CodecError) {
        if !leaf.path.isEmpty {
            out.append(text: DisplayText.printable(leaf.path))
            out.append(UInt8(ascii: "="))
        }
        var text: [UInt8] = []
        guard try text.append(leaf: leaf, &reader, .readable) else {
            out.append(text: "null")
            return
        }
        let needsMarks = text.isEmpty || text.contains { $0 == 0x20 || $0 == UInt8(ascii: "\"") }
        if leaf.isText, needsMarks {
            out.append(jsonString: String(decoding: text, as: UTF8.self))
        } else {
            out.append(contentsOf: text)
        }
    }
}
