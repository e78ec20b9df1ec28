import OrrerySchema

/// Reads a field out of the bytes of a value, from the outside to the inside, and skips what comes before it.
struct ValueReader: Sendable {
    /// What is read at the end of the way.
    enum End: Sendable {
        case scalar(Scalar)
        case enumeration(caseCount: Int)
        case union(caseCount: Int)
        case entity
        case text
        /// The number of elements.
        case count
        case length(Coordinates)
        /// Only whether it is there.
        case presence
    }

    private enum Step: Sendable {
        case skipBytes(Int)
        case skip(Layout)
        case unwrap
        case enterCase(Int, caseCount: Int)
        case enterElement(Int, Layout)
        indirect case enterValue(key: ComparedValue, ValueReader, keyLayout: Layout, valueLayout: Layout)
    }

    private var steps: [Step] = []
    private var end = End.presence
    /// The type at the end, without optionals.
    private(set) var type: FieldType

    /// - Parameter end: What to read; by default what a comparison of the type needs.
    init(_ type: FieldType, steps path: [FieldPath.Step] = [], end: ((FieldType) -> End)? = nil) {
        self.type = type
        unwrap()
        for step in path { enter(step) }
        self.end = end.map { $0(self.type) } ?? Self.end(of: self.type)
    }

    private static func end(of type: FieldType) -> End {
        switch type {
        case .scalar(let scalar): .scalar(scalar)
        case .enumeration(let cases): .enumeration(caseCount: cases.count)
        case .union(let cases): .union(caseCount: cases.count)
        case .entity: .entity
        case .string: .text
        case .vector, .structure, .optional, .array, .set, .dictionary: .presence
        }
    }

    private mutating func unwrap() {
        while case .optional(let wrapped) = type {
            steps.append(.unwrap)
            type = wrapped
        }
    }

    private mutating func skip(_ types: some Sequence<FieldType>) {
        for type in types {
            if let size = type.fixedSize { skipBytes(size) } else { steps.append(.skip(Layout(type))) }
        }
    }

    private mutating func skipBytes(_ count: Int) {
        guard count > 0 else { return }
        if case .skipBytes(let before)? = steps.last {
            steps[steps.count - 1] = .skipBytes(before + count)
        } else {
            steps.append(.skipBytes(count))
        }
    }

    private mutating func enter(_ step: FieldPath.Step) {
        switch (step, type) {
        case (.field(let position), .structure(let fields)):
            skip(fields[..<position].map(\.type))
            type = fields[position].type
        case (.lane(let lane), .vector(let scalar, _)):
            skipBytes(lane * scalar.size)
            type = .scalar(scalar)
        case (.payload(let number, let position), .union(let cases)):
            steps.append(.enterCase(number, caseCount: cases.count))
            skip(cases[number].fields[..<position].map(\.type))
            type = cases[number].fields[position].type
        case (.index(let index), .array(let element)):
            steps.append(.enterElement(index, Layout(element)))
            type = element
        case (.key(let key), .dictionary(let keyType, let valueType)):
            steps.append(
                .enterValue(
                    key: ComparedValue(key), ValueReader(keyType), keyLayout: Layout(keyType),
                    valueLayout: Layout(valueType)))
            type = valueType
        default: preconditionFailure("a path was resolved with another table")
        }
        unwrap()
    }

    /// Where the field lies in every value; `nil` if that varies.
    var fixedOffset: Int? {
        switch steps.first {
        case nil: 0
        case .skipBytes(let count) where steps.count == 1: count
        default: nil
        }
    }

    /// What the field is. Allocates nothing, unless the bytes are no value.
    func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
        var reader = ByteReader(bytes)
        do throws(CodecError) {
            return try read(&reader)
        } catch {
            return .missing
        }
    }

    /// Calls `body` with the reader at the field.
    /// - Returns: What `body` returns; otherwise: `nil` where there is no such field, or the bytes are no value.
    func withReader(
        at bytes: UnsafeRawBufferPointer, _ body: (inout ByteReader) throws(CodecError) -> Bool
    ) -> Bool {
        var reader = ByteReader(bytes)
        do throws(CodecError) {
            guard try walk(&reader) == nil else { return false }
            return try body(&reader)
        } catch {
            return false
        }
    }

    func read(_ reader: inout ByteReader) throws(CodecError) -> Reading {
        if let obstacle = try walk(&reader) { return obstacle }
        switch end {
        case .scalar(let scalar): return try reader.readScalar(scalar)
        case .enumeration(let count): return .position(try reader.readCaseIndex(caseCount: count))
        case .union(let count): return .position(try reader.readCount(max: count - 1, "cases"))
        case .entity: return Reading(try reader.readEntity())
        case .text: return .text(try reader.readText())
        case .count: return .integer(Int128(try reader.readElementCount()))
        case .length(let layout): return Reading(layout.length(in: try reader.readBytes(layout.size)))
        case .presence: return .other
        }
    }

    /// Goes to the field.
    /// - Returns: What the field is if the way ends before it.
    private func walk(_ reader: inout ByteReader) throws(CodecError) -> Reading? {
        for step in steps {
            switch step {
            case .skipBytes(let count): _ = try reader.readBytes(count)
            case .skip(let layout): try reader.skip(layout)
            case .unwrap: if try !reader.readFlag() { return Reading.none }
            case .enterCase(let number, let count):
                if try reader.readCount(max: count - 1, "cases") != number { return .missing }
            case .enterElement(let index, let element):
                if index >= (try reader.readElementCount()) { return .missing }
                if case .fixed(let size) = element {
                    _ = try reader.readBytes(index * size)
                } else {
                    for _ in 0..<index { try reader.skip(element) }
                }
            case .enterValue(let key, let keyReader, let keyLayout, let valueLayout):
                guard try reader.find(key, keyReader, keyLayout, valueLayout) else { return .missing }
            }
        }
        return nil
    }
}

extension ByteReader {
    /// Goes to the value of a key.
    /// - Returns: Whether the dictionary has the key.
    fileprivate mutating func find(
        _ key: ComparedValue, _ keyReader: ValueReader, _ keyLayout: Layout, _ valueLayout: Layout
    ) throws(CodecError) -> Bool {
        for _ in 0..<(try readElementCount()) {
            var keyCopy = self
            let isFound = key.order(of: try keyReader.read(&keyCopy)) == 0
            try skip(keyLayout)
            if isFound { return true }
            try skip(valueLayout)
        }
        return false
    }

    /// Reads an integer. `read` does the same, but generic code that is called across modules costs many times as much.
    @inline(__always)
    mutating func load<I: FixedWidthInteger & BitwiseCopyable>(_ type: I.Type) throws(CodecError) -> I {
        I(littleEndian: try readBytes(MemoryLayout<I>.size).loadUnaligned(as: I.self))
    }

    fileprivate mutating func readScalar(_ scalar: Scalar) throws(CodecError) -> Reading {
        switch scalar {
        case .bool:
            let byte = try readByte()
            return byte <= 1 ? .bool(byte == 1) : .missing
        case .int8: return .integer(Int128(try load(Int8.self)))
        case .int16: return .integer(Int128(try load(Int16.self)))
        case .int32: return .integer(Int128(try load(Int32.self)))
        case .int64: return .integer(Int128(try load(Int64.self)))
        case .uint8: return .integer(Int128(try load(UInt8.self)))
        case .uint16: return .integer(Int128(try load(UInt16.self)))
        case .uint32: return .integer(Int128(try load(UInt32.self)))
        case .uint64: return .integer(Int128(try load(UInt64.self)))
        case .float: return Reading(Double(Float(bitPattern: try load(UInt32.self))))
        case .double: return Reading(Double(bitPattern: try load(UInt64.self)))
        }
    }
}
