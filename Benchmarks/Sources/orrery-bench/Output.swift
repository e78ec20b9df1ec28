import Foundation

/// One result: named values in a fixed order, as JSON or as a row of a table.
struct Result {
    enum Value {
        case text(String)
        case count(Int)
        case number(Double, digits: Int)
        case missing
    }

    var values: [(name: String, value: Value)] = []

    mutating func set(_ name: String, _ value: String) { values.append((name, .text(value))) }
    mutating func set(_ name: String, _ value: Int) { values.append((name, .count(value))) }
    mutating func set(_ name: String, _ value: Double?, digits: Int = 3) {
        values.append((name, value.map { .number($0, digits: digits) } ?? .missing))
    }

    /// One JSON object.
    var json: String {
        "{"
            + values.map { name, value in
                switch value {
                case .text(let text): "\"\(name)\":\"\(text)\""
                case .count, .number: "\"\(name)\":\(Self.text(value))"
                case .missing: "\"\(name)\":null"
                }
            }.joined(separator: ",") + "}"
    }

    static func text(_ value: Value) -> String {
        switch value {
        case .text(let text): text
        case .count(let count): "\(count)"
        case .number(let number, let digits): String(format: "%.\(digits)f", number)
        case .missing: "-"
        }
    }
}

/// Prints results as they come: JSON lines, or a table.
struct Output {
    let asJSON: Bool
    private var hasHeader = false

    init(asJSON: Bool) {
        self.asJSON = asJSON
    }

    mutating func write(_ result: Result) {
        if asJSON { return write(result.json) }
        if !hasHeader {
            write(result.values.map { pad($0.name, to: width($0.name)) }.joined(separator: "  "))
            hasHeader = true
        }
        write(result.values.map { pad(Result.text($0.value), to: width($0.name)) }.joined(separator: "  "))
    }

    /// At once: whoever reads along sees each result when it is there.
    private func write(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

    private func width(_ name: String) -> Int { max(8, name.count) }
    private func pad(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
