/// Why a head cannot be read, and what to tell its sender.
package struct HTTPHeadError: Error, Hashable, Sendable {
    /// 400, 414, 431 or 505. Source: RFC 9110, section 15; RFC 6585, section 5.
    package var status: Int
    /// A sentence for the person who wrote the sender.
    package var message: String

    static func malformed(_ message: String) -> HTTPHeadError { HTTPHeadError(status: 400, message: message) }
}

/// The limits of a head.
package struct HTTPHeadLimits: Hashable, Sendable {
    /// The longest head in bytes, including its empty lines. Protects against senders whose head never ends.
    package var sizeMax: Int
    /// The longest first line, in bytes.
    package var lineSizeMax: Int
    /// The maximum number of fields.
    package var fieldCountMax: Int

    package init(sizeMax: Int = 16 << 10, lineSizeMax: Int = 8 << 10, fieldCountMax: Int = 100) {
        self.sizeMax = sizeMax
        self.lineSizeMax = lineSizeMax
        self.fieldCountMax = fieldCountMax
    }
}

/// The head of a request or an answer: its first line and its fields. Source: RFC 9112.
package struct HTTPHead: Hashable, Sendable {
    package struct Field: Hashable, Sendable {
        /// The name as it was sent.
        package var name: String
        /// The value without the white space around it. Bytes that are not UTF-8 are replaced by U+FFFD.
        package var value: String
    }

    package var firstLine: String
    /// The fields in the order in which they arrived.
    package var fields: [Field]

    /// Reads a whole head.
    /// - Parameter bytes: The bytes from the first line to the empty line, as ``HTTPHeadScanner`` finds them.
    /// - Throws: ``HTTPHeadError`` for what RFC 9112 does not allow: a folded line, a line without a colon, a name that
    ///   is not a token, a control character, too many fields.
    /// - Complexity: O(n) in bytes.
    package init(_ bytes: [UInt8], limits: HTTPHeadLimits = HTTPHeadLimits()) throws(HTTPHeadError) {
        var lines = bytes[...]
        firstLine = String(decoding: Self.takeLine(&lines), as: UTF8.self)
        fields = []
        while true {
            let line = Self.takeLine(&lines)
            if line.isEmpty { return }
            guard fields.count < limits.fieldCountMax else {
                throw HTTPHeadError(status: 431, message: "A head has at most \(limits.fieldCountMax) fields.")
            }
            fields.append(try Self.field(line))
        }
    }

    /// Takes everything up to the next line end, or all that is left.
    private static func takeLine(_ bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let end = bytes.firstIndex(of: lineFeed) else {
            defer { bytes = [] }
            return bytes
        }
        let line = bytes[..<end]
        bytes = bytes[(end + 1)...]
        return line.last == carriageReturn ? line.dropLast() : line
    }

    /// Source: RFC 9112, section 5.
    private static func field(_ line: ArraySlice<UInt8>) throws(HTTPHeadError) -> Field {
        if line.first == space || line.first == tab {
            throw .malformed("A field of the head goes on in the next line, which is not allowed.")
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw .malformed("A line of the head has no colon.")
        }
        let name = line[..<colon]
        guard isToken(name) else { throw .malformed("A field of the head has a name that is none.") }
        var value = line[(colon + 1)...]
        while let first = value.first, first == space || first == tab { value.removeFirst() }
        while let last = value.last, last == space || last == tab { value.removeLast() }
        guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == tab }) else {
            throw .malformed("The field \(String(decoding: name, as: UTF8.self)) has a control character.")
        }
        return Field(name: String(decoding: name, as: UTF8.self), value: String(decoding: value, as: UTF8.self))
    }

    /// Source: RFC 9110, section 5.6.2.
    static func isToken(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    // MARK: Looking fields up

    /// All values of a field, in order.
    package func values(of name: String) -> [String] {
        let name = name.lowercased()
        return fields.filter { $0.name.lowercased() == name }.map(\.value)
    }

    /// The field's value; several values are joined, as RFC 9110, section 5.3 allows.
    package func value(of name: String) -> String? {
        let values = values(of: name)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    /// The elements of a list field, without empty ones. Source: RFC 9110, section 5.6.1.
    package func list(of name: String) -> [String] {
        values(of: name).flatMap(Self.elements)
    }

    /// The elements of one value of a list field.
    package static func elements(of value: String) -> [String] {
        value.split(separator: ",")
            .map { element in
                var element = element.drop { $0 == " " || $0 == "\t" }
                while let last = element.last, last == " " || last == "\t" { element.removeLast() }
                return String(element)
            }
            .filter { !$0.isEmpty }
    }

    /// Whether a list field has an element, ignoring case.
    package func list(of name: String, has element: String) -> Bool {
        list(of: name).contains { $0.lowercased() == element.lowercased() }
    }
}

let lineFeed = UInt8(ascii: "\n")
let carriageReturn = UInt8(ascii: "\r")
let space = UInt8(ascii: " ")
let tab = UInt8(ascii: "\t")

/// Finds the end of a head while it arrives, and detects early that the bytes are not a head.
///
/// Empty lines before the first line are skipped. Source: RFC 9112, section 2.2.
package struct HTTPHeadScanner: Sendable {
    package enum Finding: Hashable, Sendable {
        /// All bytes were taken; the head continues.
        case goesOn
        /// The head is complete with this many of the bytes; the others do not belong to it.
        case ends(afterByteCount: Int)
        case fails(HTTPHeadError)
    }

    private let limits: HTTPHeadLimits
    /// The bytes of the head so far. Bound: `sizeMax`.
    package private(set) var head: [UInt8] = []
    private var lineSize = 0
    private var lineCount = 0
    private var takenByteCount = 0

    package init(limits: HTTPHeadLimits = HTTPHeadLimits()) {
        self.limits = limits
    }

    /// Whether the first line has begun.
    package var hasBegun: Bool { !head.isEmpty }

    /// - Complexity: O(n) in bytes.
    package mutating func take(_ bytes: some Collection<UInt8>) -> Finding {
        for (position, byte) in bytes.enumerated() {
            takenByteCount += 1
            guard takenByteCount <= limits.sizeMax else {
                return .fails(HTTPHeadError(status: 431, message: "A head has at most \(limits.sizeMax) bytes."))
            }
            let previous = head.last
            head.append(byte)
            guard byte == lineFeed else {
                // For example a TLS greeting, which may never contain a line end.
                if lineCount == 0, byte < 0x20 && byte != carriageReturn || byte == 0x7f {
                    return .fails(
                        .malformed("The first line has a control character: here HTTP is spoken, without TLS."))
                }
                if previous == carriageReturn {
                    return .fails(.malformed("A carriage return stands where no line ends."))
                }
                lineSize += 1
                if lineCount == 0, lineSize > limits.lineSizeMax {
                    return .fails(
                        HTTPHeadError(status: 414, message: "The first line has at most \(limits.lineSizeMax) bytes."))
                }
                continue
            }
            guard previous == carriageReturn else {
                return .fails(.malformed("A line of the head does not end with CR LF."))
            }
            let isEmpty = lineSize == 1
            lineSize = 0
            switch (isEmpty, lineCount) {
            case (true, 0): head.removeAll()
            case (true, _): return .ends(afterByteCount: position + 1)
            case (false, _): lineCount += 1
            }
        }
        return .goesOn
    }
}
