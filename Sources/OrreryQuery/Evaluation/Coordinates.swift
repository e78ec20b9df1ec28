import OrrerySchema
package import OrreryStore

/// The coordinates of a place or a vector, x first, and where they lie in the bytes of their vector or structure.
struct Coordinates: Sendable {
    let parts: [(offset: Int, scalar: Scalar)]

    /// - Parameter areAlone: Whether a structure has no other fields.
    /// - Returns: `nil` unless the type is a vector, or a structure of the numbers x, y and (optionally) z.
    init?(_ type: FieldType, areAlone: Bool = true) {
        switch type {
        case .vector(let scalar, let lanes): parts = (0..<lanes).map { ($0 * scalar.size, scalar) }
        case .structure(let fields):
            var parts: [(offset: Int, scalar: Scalar)] = []
            for name in ["x", "y", "z"] {
                guard let position = fields.firstIndex(where: { $0.name.isExactly(name) }) else { break }
                guard case .scalar(let scalar) = fields[position].type, scalar != .bool,
                    let range = type.wireRange(at: [position])
                else { return nil }
                parts.append((range.lowerBound, scalar))
            }
            guard parts.count >= 2, !areAlone || parts.count == fields.count else { return nil }
            self.parts = parts
        default: return nil
        }
    }

    /// Those of the places by which entities are found.
    /// - Returns: `nil` if the values of the component are not such places.
    init?(of entry: ComponentTable.Entry) {
        guard let spatial = entry.spatial, entry.rowKind == .entities, let type = entry.schema?.type,
            let start = spatial.path.isEmpty ? 0 : type.wireRange(at: spatial.path)?.lowerBound,
            let field = spatial.path.isEmpty ? type : type.field(at: spatial.path), type.fixedSize != nil,
            let coordinates = Coordinates(field, areAlone: false), coordinates.parts.count <= 3
        else { return nil }
        parts = coordinates.parts.map { (start + $0.offset, $0.scalar) }
    }

    /// The square root of the sum of squares, computed in Double from x on.
    func length(in bytes: UnsafeRawBufferPointer) -> Double {
        guard let start = bytes.baseAddress else { return 0 }
        var sum = 0.0
        for (offset, scalar) in parts {
            let part = scalar.double(at: start + offset)
            sum += part * part
        }
        return sum.squareRoot()
    }

    var size: Int { parts.reduce(0) { $0 + $1.scalar.size } }
}

extension ComponentTable.Entry {
    /// Whether it says where entities are, so that they are found by it.
    package var hasCoordinates: Bool { Coordinates(of: self) != nil }
}

extension Scalar {
    /// The number at an address, rounded to Double.
    @inline(__always)
    func double(at address: UnsafeRawPointer) -> Double {
        func load<T: BitwiseCopyable>(_ type: T.Type) -> T { address.loadUnaligned(as: type) }
        return switch self {
        case .bool: 0
        case .int8: Double(load(Int8.self))
        case .int16: Double(Int16(littleEndian: load(Int16.self)))
        case .int32: Double(Int32(littleEndian: load(Int32.self)))
        case .int64: Double(Int64(littleEndian: load(Int64.self)))
        case .uint8: Double(load(UInt8.self))
        case .uint16: Double(UInt16(littleEndian: load(UInt16.self)))
        case .uint32: Double(UInt32(littleEndian: load(UInt32.self)))
        case .uint64: Double(UInt64(littleEndian: load(UInt64.self)))
        case .float: Double(Float(bitPattern: UInt32(littleEndian: load(UInt32.self))))
        case .double: Double(bitPattern: UInt64(littleEndian: load(UInt64.self)))
        }
    }
}
