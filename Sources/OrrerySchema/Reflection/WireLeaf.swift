/// A type that the schema knows by itself: it has one field type, and converts to and from a dynamic value.
protocol WireLeaf {
    static var fieldType: FieldType { get }
    var dynamicValue: DynamicValue { get }
    init?(dynamicValue: DynamicValue)
}

/// A number or truth value.
protocol WireScalar: WireLeaf {
    static var scalar: Scalar { get }
}

extension WireScalar {
    static var fieldType: FieldType { .scalar(scalar) }
}

extension WireScalar where Self: FixedWidthInteger {
    var dynamicValue: DynamicValue { Self.isSigned ? .signed(Int64(self)) : .unsigned(UInt64(self)) }

    init?(dynamicValue: DynamicValue) {
        switch dynamicValue {
        case .signed(let number): self.init(exactly: number)
        case .unsigned(let number): self.init(exactly: number)
        default: return nil
        }
    }
}

extension Int8: WireScalar { static var scalar: Scalar { .int8 } }
extension Int16: WireScalar { static var scalar: Scalar { .int16 } }
extension Int32: WireScalar { static var scalar: Scalar { .int32 } }
extension Int64: WireScalar { static var scalar: Scalar { .int64 } }
extension Int: WireScalar { static var scalar: Scalar { .int64 } }
extension UInt8: WireScalar { static var scalar: Scalar { .uint8 } }
extension UInt16: WireScalar { static var scalar: Scalar { .uint16 } }
extension UInt32: WireScalar { static var scalar: Scalar { .uint32 } }
extension UInt64: WireScalar { static var scalar: Scalar { .uint64 } }
extension UInt: WireScalar { static var scalar: Scalar { .uint64 } }

extension Bool: WireScalar {
    static var scalar: Scalar { .bool }
    var dynamicValue: DynamicValue { .bool(self) }

    init?(dynamicValue: DynamicValue) {
        guard case .bool(let value) = dynamicValue else { return nil }
        self = value
    }
}

extension Float: WireScalar {
    static var scalar: Scalar { .float }
    var dynamicValue: DynamicValue { .float(self) }

    init?(dynamicValue: DynamicValue) {
        guard case .float(let value) = dynamicValue else { return nil }
        self = value
    }
}

extension Double: WireScalar {
    static var scalar: Scalar { .double }
    var dynamicValue: DynamicValue { .double(self) }

    init?(dynamicValue: DynamicValue) {
        guard case .double(let value) = dynamicValue else { return nil }
        self = value
    }
}

extension Entity: WireLeaf {
    static var fieldType: FieldType { .entity }
    var dynamicValue: DynamicValue { .entity(self) }

    init?(dynamicValue: DynamicValue) {
        guard case .entity(let value) = dynamicValue else { return nil }
        self = value
    }
}

extension String: WireLeaf {
    static var fieldType: FieldType { .string }
    var dynamicValue: DynamicValue { .string(self) }

    init?(dynamicValue: DynamicValue) {
        guard case .string(let value) = dynamicValue else { return nil }
        self = value
    }
}

/// Two to four numbers in one value. In memory a `SIMD3` has a fourth lane, which is never sent.
protocol WireVector: WireLeaf {}

extension SIMD where Self: WireVector, Scalar: WireScalar {
    static var fieldType: FieldType { .vector(Scalar.scalar, lanes: scalarCount) }
    var dynamicValue: DynamicValue { .vector(indices.map { self[$0].dynamicValue }) }

    init?(dynamicValue: DynamicValue) {
        guard case .vector(let lanes) = dynamicValue, lanes.count == Self.scalarCount else { return nil }
        self.init()
        for (index, lane) in lanes.enumerated() {
            guard let scalar = Scalar(dynamicValue: lane) else { return nil }
            self[index] = scalar
        }
    }
}

extension SIMD2: WireLeaf, WireVector where Scalar: WireScalar {}
extension SIMD3: WireLeaf, WireVector where Scalar: WireScalar {}
extension SIMD4: WireLeaf, WireVector where Scalar: WireScalar {}
