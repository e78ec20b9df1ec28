/// What is wrong with a CSV file, and where.
struct CSVError: Error, Equatable, CustomStringConvertible {
    /// Counted from 1.
    var line: Int
    /// Counted from 1; `nil` when the line as a whole is wrong.
    var column: Int?
    /// A sentence without the position.
    var reason: String

    /// For example `line 3, column 2: 'abc' is no finite number`.
    var description: String {
        "line \(line)" + (column.map { ", column \($0)" } ?? "") + ": \(reason)"
    }
}

/// A strict reader of simple CSV: UTF-8, one known header, LF after every line, no quotes, no empty fields.
struct CSVTable: Sendable {
    struct Row: Sendable {
        /// Counted from 1; the header is line 1.
        let line: Int
        fileprivate let fields: [Substring]

        /// The text of a field.
        /// - Parameter column: counted from 0.
        func text(_ column: Int) -> String { String(fields[column]) }

        /// The value of a field that holds a finite number.
        func number(_ column: Int) throws(CSVError) -> Double {
            guard let number = Double(fields[column]), number.isFinite else {
                throw error(column, "'\(fields[column])' is no finite number")
            }
            return number
        }

        /// The value of a field that holds a finite number above zero.
        func positiveNumber(_ column: Int) throws(CSVError) -> Double {
            let number = try number(column)
            guard number > 0 else { throw error(column, "'\(fields[column])' must be above zero") }
            return number
        }

        /// An error at a field.
        func error(_ column: Int, _ reason: String) -> CSVError {
            CSVError(line: line, column: column + 1, reason: reason)
        }
    }

    let rows: [Row]

    /// - Parameter header: the first line must be exactly this.
    /// - Throws: ``CSVError`` for another header, a missing or extra field, an empty field, a quote, a carriage return,
    ///   a last line without its end, or bytes that are not UTF-8.
    init(_ bytes: some Collection<UInt8>, header: String) throws(CSVError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CSVError(line: 1, reason: "the file is not UTF-8")
        }
        // Split by scalars: a carriage return and a line feed together are one character, and must not hide each other.
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(Substring.init)
        guard lines.removeLast().isEmpty else {
            throw CSVError(line: lines.count + 1, reason: "the last line has no line feed at its end")
        }
        guard lines.first.map({ $0 == header }) == true else {
            throw CSVError(line: 1, reason: "the header must be '\(header)'")
        }
        let columnCount = header.split(separator: ",").count
        var rows: [Row] = []
        for (index, line) in lines.enumerated().dropFirst() {
            rows.append(try CSVTable.row(line, number: index + 1, columnCount: columnCount))
        }
        self.rows = rows
    }

    private static func row(_ line: Substring, number: Int, columnCount: Int) throws(CSVError) -> Row {
        let fields = line.split(separator: ",", omittingEmptySubsequences: false)
        for (column, field) in fields.enumerated() {
            guard !field.isEmpty else { throw CSVError(line: number, column: column + 1, reason: "the field is empty") }
            guard !field.unicodeScalars.contains(where: { $0 == "\"" || $0 == "\r" }) else {
                throw CSVError(line: number, column: column + 1, reason: "quotes and carriage returns are not allowed")
            }
        }
        guard fields.count == columnCount else {
            throw CSVError(line: number, reason: "\(columnCount) fields are expected, \(fields.count) were found")
        }
        return Row(line: number, fields: fields)
    }
}
