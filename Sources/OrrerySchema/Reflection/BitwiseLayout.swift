/// Where the fields of a bitwise component are in memory and on the wire, and how rows are copied between the two.
///
/// In memory there may be padding between fields and between rows; on the wire there is none. So padding never leaves
/// the process and never takes part in a comparison.
struct BitwiseLayout: Sendable {
    /// Bytes that are copied together.
    struct FieldSpan: Sendable {
        var memoryOffset: Int
        var wireOffset: Int
        var size: Int
    }

    private(set) var runs: [FieldSpan] = []
    private(set) var wireSize = 0
    let stride: Int

    /// Reads the layout of a type.
    /// - Throws: ``SchemaError`` that names the first field that is not of fixed size, and its type.
    init(of type: Any.Type, component: String) throws(SchemaError) {
        func stride<T>(_: T.Type) -> Int { MemoryLayout<T>.stride }
        self.stride = _openExistential(type, do: stride)
        guard RuntimeReflection.kind(of: type) == .structure else {
            throw SchemaError(component: component, "\(type) is no struct")
        }
        fieldType = .structure(try add(type, at: 0, component: component, path: []))
        form = FixedForm(of: fieldType)
    }

    private(set) var fieldType: FieldType = .structure([])
    private var form: FixedForm?

    /// Whether rows have the same bytes in memory and on the wire.
    var isDirect: Bool {
        wireSize == 0 || (runs.count == 1 && runs[0].memoryOffset == 0 && wireSize == stride)
    }

    private mutating func add(
        _ type: Any.Type, at offset: Int, component: String, path: [String]
    ) throws(SchemaError) -> [Field] {
        guard let properties = RuntimeReflection.storedProperties(of: type) else {
            throw SchemaError(component: component, path: path, "\(type) cannot be looked into")
        }
        func size<T>(_: T.Type) -> Int { MemoryLayout<T>.size }
        guard !properties.isEmpty || _openExistential(type, do: size) == 0 else {
            throw SchemaError(component: component, path: path, "\(type) hides what it holds")
        }
        var fields: [Field] = []
        for property in properties {
            let place = path + [property.name]
            fields.append(
                Field(
                    property.name,
                    try add(property, at: offset + property.offset, component: component, path: place)))
        }
        return fields
    }

    private mutating func add(
        _ property: StoredProperty, at offset: Int, component: String, path: [String]
    ) throws(SchemaError) -> FieldType {
        if let leaf = property.type as? any WireLeaf.Type, let size = leaf.fieldType.fixedSize {
            add(FieldSpan(memoryOffset: offset, wireOffset: wireSize, size: size))
            return leaf.fieldType
        }
        if let cases = EnumerationReflection.cases(of: property.type) {
            let size = FieldType.caseIndexSize(caseCount: cases.count)
            if size > 0 { add(FieldSpan(memoryOffset: offset, wireOffset: wireSize, size: size)) }
            return .enumeration(cases)
        }
        let kind = RuntimeReflection.kind(of: property.type)
        guard kind != .enumeration else {
            throw SchemaError(
                component: component, path: path,
                EnumerationReflection.problem(with: property.type)
                    ?? "the enumeration \(property.type) does not list its cases; conform it to CaseIterable "
                    + "if none has a payload")
        }
        guard kind == .structure, RuntimeReflection.isTrivial(property.type) else {
            throw SchemaError(component: component, path: path, "\(property.type) is not of fixed size")
        }
        return .structure(try add(property.type, at: offset, component: component, path: path))
    }

    private mutating func add(_ run: FieldSpan) {
        wireSize += run.size
        if let last = runs.last, last.memoryOffset + last.size == run.memoryOffset {
            runs[runs.count - 1].size += run.size
        } else {
            runs.append(run)
        }
    }
}

extension BitwiseLayout {
    /// Copies rows from memory to the wire.
    /// - Precondition: `target` has `count * wireSize` bytes.
    func pack(_ rows: UnsafeRawPointer, count: Int, into target: UnsafeMutableRawPointer) {
        if isDirect {
            target.copyMemory(from: rows, byteCount: count * wireSize)
            return
        }
        for run in runs {
            var source = rows + run.memoryOffset
            var destination = target + run.wireOffset
            for _ in 0..<count {
                destination.copyMemory(from: source, byteCount: run.size)
                source += stride
                destination += wireSize
            }
        }
    }

    /// Copies one row from the wire to memory, if every Bool and case in it is valid.
    /// - Precondition: `row` has `stride` bytes that are zero or hold a value.
    /// - Throws: `truncated`, `trailingBytes` or `outOfDomain`; then nothing is written.
    func unpack(_ bytes: UnsafeRawBufferPointer, into row: UnsafeMutableRawPointer) throws(CodecError) {
        guard let form else { preconditionFailure("a layout of a type whose values vary in size") }
        try form.check(bytes)
        for run in runs {
            (row + run.memoryOffset).copyMemory(from: bytes.baseAddress! + run.wireOffset, byteCount: run.size)
        }
    }
}
