/// Writes JSON text, piece by piece. Source: RFC 8259.
///
/// The caller opens and closes in pairs, and names what it puts into an object; the writer adds the commas.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {}

    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        enclose(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }

    package mutating func array<S: Sequence>(_ elements: S, _ body: (inout JSONWriter, S.Element) -> Void) {
        enclose(UInt8(ascii: "["), UInt8(ascii: "]")) { writer in
            for element in elements { body(&writer, element) }
        }
    }

    private mutating func enclose(_ opening: UInt8, _ closing: UInt8, _ body: (inout JSONWriter) -> Void) {
        beginValue()
        bytes.append(opening)
        needsComma = false
        body(&self)
        bytes.append(closing)
        needsComma = true
    }

    /// Writes the name of the next value.
    package mutating func name(_ name: String) {
        beginValue()
        bytes.append(jsonString: name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func string(_ text: String) {
        beginValue()
        bytes.append(jsonString: text)
        needsComma = true
    }

    package mutating func number(_ value: Int) {
        beginValue()
        bytes += Array(String(value).utf8)
        needsComma = true
    }

    /// Writes the shortest digits that stand for exactly this number; null for a number that JSON does not have.
    package mutating func number(_ value: Double) {
        beginValue()
        bytes += Array((value.isFinite ? "\(value)" : "null").utf8)
        needsComma = true
    }

    package mutating func bool(_ value: Bool) {
        beginValue()
        bytes += Array("\(value)".utf8)
        needsComma = true
    }

    private mutating func beginValue() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
    }
}
