import OrrerySchema

/// How the bytes of a type lie, without names: enough to skip a value, or to look everywhere in it.
indirect enum Layout: Sendable {
    /// What a search looks for. Other values are only skipped.
    enum Leaf {
        case nan, text, entity
    }

    /// Bytes that nobody looks at.
    case fixed(Int)
    case float
    case double
    case entity
    case text
    case structure([Layout])
    case optional(Layout)
    /// An array or a set.
    case sequence(Layout)
    case dictionary(Layout, Layout)
    case union([Layout])

    /// - Parameter leaf: What to look for; `nil`: the layout is only for skipping.
    init(_ type: FieldType, for leaf: Leaf? = nil) {
        switch type {
        case .scalar(.float) where leaf == .nan: self = .float
        case .scalar(.double) where leaf == .nan: self = .double
        case .entity where leaf == .entity: self = .entity
        case .vector(let scalar, let lanes) where leaf == .nan:
            self = .merged(Array(repeating: Layout(.scalar(scalar), for: leaf), count: lanes))
        case .scalar, .vector, .entity, .enumeration: self = .fixed(type.fixedSize ?? 0)
        case .string: self = .text
        case .structure(let fields): self = .merged(fields.map { Layout($0.type, for: leaf) })
        case .optional(let wrapped): self = .optional(Layout(wrapped, for: leaf))
        case .array(let element), .set(let element): self = .sequence(Layout(element, for: leaf))
        case .dictionary(let key, let value): self = .dictionary(Layout(key, for: leaf), Layout(value, for: leaf))
        case .union(let cases):
            self = .union(cases.map { .merged($0.fields.map { Layout($0.type, for: leaf) }) })
        }
    }

    /// A structure whose neighbouring bytes that nobody looks at are one part.
    private static func merged(_ parts: [Layout]) -> Layout {
        var result: [Layout] = []
        for part in parts {
            if case .fixed(let size) = part, case .fixed(let before)? = result.last {
                result[result.count - 1] = .fixed(before + size)
            } else {
                result.append(part)
            }
        }
        if result.isEmpty { return .fixed(0) }
        return result.count == 1 ? result[0] : .structure(result)
    }
}

extension ByteReader {
    /// Passes over a value. Allocates nothing.
    /// - Throws: ``CodecError`` for bytes that are not a value.
    mutating func skip(_ layout: Layout) throws(CodecError) {
        switch layout {
        case .fixed(let size): _ = try readBytes(size)
        case .float: _ = try readBytes(4)
        case .double, .entity: _ = try readBytes(8)
        case .text: _ = try readText()
        case .structure(let parts): for part in parts { try skip(part) }
        case .optional(let wrapped): if try readFlag() { try skip(wrapped) }
        case .sequence(let element):
            let count = try readElementCount()
            if case .fixed(let size) = element {
                _ = try readBytes(count * size)
            } else {
                for _ in 0..<count { try skip(element) }
            }
        case .dictionary(let key, let value):
            for _ in 0..<(try readElementCount()) {
                try skip(key)
                try skip(value)
            }
        case .union(let cases): try skip(cases[try readCount(max: cases.count - 1, "cases")])
        }
    }

    /// Whether a value contains what is looked for.
    /// - Returns: As soon as it is found: the reader may then stand anywhere.
    mutating func contains(_ search: LeafSearch, in layout: Layout) throws(CodecError) -> Bool {
        switch layout {
        case .fixed(let size):
            _ = try readBytes(size)
            return false
        case .float: return Float(bitPattern: try load(UInt32.self)).isNaN
        case .double: return Double(bitPattern: try load(UInt64.self)).isNaN
        case .entity: return search.matches(try readEntity())
        case .text: return search.matches(try readText())
        case .structure(let parts):
            for part in parts where try contains(search, in: part) { return true }
            return false
        case .optional(let wrapped): return try readFlag() ? try contains(search, in: wrapped) : false
        case .sequence(.fixed(let size)):
            _ = try readBytes(try readElementCount() * size)
            return false
        case .sequence(let element):
            for _ in 0..<(try readElementCount()) where try contains(search, in: element) { return true }
            return false
        case .dictionary(let key, let value):
            for _ in 0..<(try readElementCount()) {
                if try contains(search, in: key) { return true }
                if try contains(search, in: value) { return true }
            }
            return false
        case .union(let cases): return try contains(search, in: cases[try readCount(max: cases.count - 1, "cases")])
        }
    }

    /// The bytes of a text. That they are UTF-8 is not checked.
    mutating func readText() throws(CodecError) -> UnsafeRawBufferPointer {
        try readBytes(try readCount(max: ValueLimits.sizeMax, "the bytes of a text"))
    }

    /// Whether an optional has a value.
    mutating func readFlag() throws(CodecError) -> Bool {
        let flag = try readByte()
        guard flag <= 1 else { throw CodecError(.outOfDomain, at: offset - 1, "an optional begins with 0 or 1") }
        return flag == 1
    }

    mutating func readElementCount() throws(CodecError) -> Int {
        try readCount(max: ValueLimits.elementCountMax, "the elements of a collection")
    }
}

/// What a bare `~`, a bare `is nan` or `refers to` looks for.
enum LeafSearch: Sendable {
    case nan
    case text(FoldedSearch)
    case entity(Entity)

    var leaf: Layout.Leaf {
        switch self {
        case .nan: .nan
        case .text: .text
        case .entity: .entity
        }
    }

    func matches(_ entity: Entity) -> Bool {
        if case .entity(entity) = self { entity != .none } else { false }
    }

    func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        if case .text(let search) = self { search.isFound(in: text) } else { false }
    }
}
