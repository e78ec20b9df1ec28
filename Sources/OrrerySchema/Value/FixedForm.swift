/// The wire form of a type whose values have one size: checks whether bytes are a value of it.
package struct FixedForm: Sendable {
    /// One or two bytes for which not every bit pattern is valid.
    private struct Domain {
        var offset: Int
        var size: Int
        /// The number of valid values, from 0 up.
        var count: Int
    }

    package private(set) var size = 0
    private var domains: [Domain] = []

    /// - Returns: `nil` for a type whose values vary in size.
    package init?(of type: FieldType) {
        guard add(type) else { return nil }
    }

    private mutating func add(_ type: FieldType) -> Bool {
        switch type {
        case .structure(let fields): return fields.allSatisfy { add($0.type) }
        case .scalar(.bool): addDomain(count: 2, size: 1)
        case .vector(.bool, let lanes): for _ in 0..<lanes { addDomain(count: 2, size: 1) }
        case .enumeration(let cases):
            addDomain(count: cases.count, size: FieldType.caseIndexSize(caseCount: cases.count))
        case .scalar, .vector, .entity:
            guard let size = type.fixedSize else { return false }
            self.size += size
        case .string, .optional, .array, .set, .dictionary, .union: return false
        }
        return true
    }

    private mutating func addDomain(count: Int, size: Int) {
        if size > 0 { domains.append(Domain(offset: self.size, size: size, count: count)) }
        self.size += size
    }

    /// - Throws: ``CodecError`` `truncated`, `trailingBytes` or `outOfDomain` for bytes that are not a value.
    /// - Complexity: O(Bools and enumerations in the type); allocates nothing.
    package func check(_ bytes: UnsafeRawBufferPointer) throws(CodecError) {
        guard bytes.count == size else {
            throw CodecError(
                bytes.count < size ? .truncated : .trailingBytes, "\(bytes.count) bytes for a value of \(size)")
        }
        for domain in domains {
            let index =
                domain.size == 1
                ? Int(bytes[domain.offset])
                : Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: domain.offset, as: UInt16.self)))
            guard index < domain.count else {
                throw CodecError(.outOfDomain, at: domain.offset, "there are \(domain.count) values, not \(index)")
            }
        }
    }
}
